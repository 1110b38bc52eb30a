# The build stage has the toolchain; the image that runs has the program, two C libraries and the root certificates.
FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends pkg-config libmicrohttpd-dev libcurl4-openssl-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
RUN swift build -c release --product inference-gateway --static-swift-stdlib \
    && install -D -s "$(swift build -c release --show-bin-path)/inference-gateway" /out/inference-gateway

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libcurl4 libmicrohttpd12 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home gateway
COPY --from=build /out/inference-gateway /usr/local/bin/inference-gateway
ENV HOST=0.0.0.0
EXPOSE 8000
USER gateway
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --start-period=2s CMD ["/usr/local/bin/inference-gateway", "health"]
ENTRYPOINT ["/usr/local/bin/inference-gateway"]
CMD ["serve"]
