# syntax=docker/dockerfile:1
# Witan on Debian 12: built with Swift's own image, run with the distribution's libraries.
FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libevent-dev libpq-dev libhiredis-dev libcurl4-openssl-dev \
        libssl-dev libargon2-dev libmimalloc-dev libutf8proc-dev libqrencode-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN swift build -c release --product witan --static-swift-stdlib

FROM debian:12-slim
# postgresql-client and redis are not needed: both stores are services of their own.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl libevent-2.1-7 libevent-core-2.1-7 \
        libevent-extra-2.1-7 libevent-openssl-2.1-7 libevent-pthreads-2.1-7 libpq5 libhiredis0.14 libcurl4 libssl3 \
        libargon2-1 libmimalloc2.0 libutf8proc2 libqrencode4 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /var/lib/witan --create-home witan
COPY --from=build /src/.build/release/witan /usr/local/bin/witan
USER witan
ENV WITAN_DATA_DIR=/var/lib/witan/data WITAN_LISTEN=0.0.0.0:8080
VOLUME /var/lib/witan
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD curl --fail --silent http://127.0.0.1:8080/readyz
STOPSIGNAL SIGTERM
ENTRYPOINT ["witan"]
CMD ["serve"]
