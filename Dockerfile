# One image, four programs: /searchengine, /indexer, /crawler and /lightship. No shell, no package manager, not root.
# Everything is put together for TARGETARCH by programs of BUILDPLATFORM: another architecture needs no emulation.
ARG BASE=debian:bookworm-slim
FROM --platform=${BUILDPLATFORM:-linux} ${BASE} AS build
RUN dpkg --add-architecture amd64 && dpkg --add-architecture arm64 && apt-get update -q \
 && apt-get install -qy --no-install-recommends binutils-aarch64-linux-gnu binutils-x86-64-linux-gnu ca-certificates python3 python3-pip
ARG TARGETARCH
COPY image/packages.txt /src/image/
RUN mkdir /debs && cd /debs \
 && apt-get download -q -o APT::Architecture=${TARGETARCH:=$(dpkg --print-architecture)} $(cat /src/image/packages.txt) \
 && for deb in *.deb; do dpkg-deb -x "$deb" "${deb%.deb}"; done
COPY image/requirements.py /src/image/
COPY pyproject.toml constraints.txt /src/
RUN cd /src && case ${TARGETARCH:=$(dpkg --print-architecture)} in amd64) machine=x86_64;; arm64) machine=aarch64;; *) exit 1;; esac \
 && python3 -m image.requirements pyproject.toml constraints.txt >/requirements.txt \
 && pip install -q --no-compile --no-deps --require-hashes --only-binary=:all: --root-user-action=ignore --target=/wheels \
      --platform=manylinux_2_34_$machine --platform=manylinux_2_28_$machine --platform=manylinux_2_17_$machine \
      --platform=manylinux2014_$machine -r /requirements.txt
COPY image/ /src/image/
COPY src/ /src/src/
# Another value has the same files put together again, which must give the same image
ARG ASSEMBLY=
RUN cd /src && python3 -B -X no_debug_ranges -m image.assemble ${TARGETARCH:-$(dpkg --print-architecture)}

FROM scratch
ARG TARGETARCH
ARG VERSION=0.1.0
ARG REVISION=unknown
COPY --from=build /image/runtime/ /
COPY --from=build /image/dependencies/ /
COPY --from=build /image/lightship/ /
LABEL org.opencontainers.image.title=lightship \
      org.opencontainers.image.description="A container-native distributed search engine" \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION \
      architecture=$TARGETARCH
# Without a secret, containers on the same network may push: nobody from outside, see docs/security.md
ENV PATH=/ SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt LIGHTSHIP_TRUST=containers
WORKDIR /data
USER 65532:65532
EXPOSE 8080
CMD ["/searchengine"]
