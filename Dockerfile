# The controller, alone in its image: no shell, no packages, no root.
#
#   docker build --tag nitro-ingress:0.1.0 .
#
# Of the image that builds, only the program and the authorities get into the result. Name it by its
# digest where builds must be repeatable: --build-arg RUST=rust@sha256:...
ARG RUST=rust:1.95.0-alpine

FROM ${RUST} AS build
# ring compiles some C.
RUN apk add --no-cache build-base ca-certificates-bundle
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --release --locked --bin nitro-ingress \
    && cp target/release/nitro-ingress /nitro-ingress

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /nitro-ingress /nitro-ingress
# A number, so that Kubernetes can tell that it is not root.
USER 65532:65532
ENTRYPOINT ["/nitro-ingress"]
CMD ["controller"]
