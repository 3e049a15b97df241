# Two ways to one image. `--target built`, the default, compiles in a golang
# image, for which it needs a registry. `--target prebuilt` takes the static
# program that `make static` leaves in bin/linux, and needs none.
#
# The classic builder runs the stages from the top and stops at the target, so
# those that need nothing come first, and a bracket in a name lets them pass
# when the program has not been made.
ARG GO_IMAGE=golang:1.26

# What both have in common. The program is alone in there, and runs as root
# because nothing else could give it a data folder of its own.
FROM scratch AS settings
ENV RAFTKV_DATA_DIR=/data \
    RAFTKV_LISTEN_CLIENT=0.0.0.0:7001 \
    RAFTKV_LISTEN_PEER=0.0.0.0:8001 \
    RAFTKV_LISTEN_ADMIN=0.0.0.0:9001
EXPOSE 7001 8001 9001
VOLUME /data
# Whether it lives; a balancer asks /readyz, or `raftkv health --ready`.
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["/raftkv", "health", "--live"]
ENTRYPOINT ["/raftkv"]
CMD ["serve"]

FROM settings AS prebuilt
COPY LICENSE bin/linux/raftk[v] /

FROM ${GO_IMAGE} AS build
ARG VERSION=dev
WORKDIR /src
COPY go.mod go.sum ./
COPY client client
COPY raft raft
COPY node node
COPY cmd/raftkv cmd/raftkv
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.buildVersion=${VERSION}" -o /raftkv ./cmd/raftkv

FROM settings AS built
COPY LICENSE /
COPY --from=build /raftkv /raftkv
