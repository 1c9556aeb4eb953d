# Two stages: the first resolves and installs, the second holds a Python, the finished environment and nothing else.
# The build needs no secret and no tool beside pip; every package is held to its hash.
ARG PYTHON_IMAGE=python:3.12-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# With a moment given, compiled files name their source's hash and not the minute of the build: two builds are alike.
ARG SOURCE_DATE_EPOCH
WORKDIR /src
COPY constraints/run.txt constraints/build.txt constraints/
RUN python3 -m venv /build \
    && /build/bin/pip install --quiet --no-deps --require-hashes -r constraints/build.txt \
    && python3 -m venv --without-pip /opt/bk-task-exporter \
    && /build/bin/pip --python /opt/bk-task-exporter/bin/python install --quiet --no-deps --require-hashes -r constraints/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY exporter exporter
RUN /build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /dist . \
    && /build/bin/pip --python /opt/bk-task-exporter/bin/python install --quiet --no-deps --no-index /dist/*.whl

FROM ${PYTHON_IMAGE}
COPY --from=build /opt/bk-task-exporter /opt/bk-task-exporter
COPY tools/healthcheck.py /opt/bk-task-exporter/bin/healthcheck
ENV PATH=/opt/bk-task-exporter/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# A number, so that Kubernetes can see that it is not root; nothing is written, so that no user needs to exist for it.
USER 10001:10001
EXPOSE 9840
HEALTHCHECK --interval=30s --timeout=6s --start-period=15s --retries=3 CMD ["python3", "/opt/bk-task-exporter/bin/healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["bk-task-exporter"]
CMD ["serve", "--config.file", "/etc/bk-task-exporter/config.yaml"]

ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="bk-task-exporter" \
      org.opencontainers.image.description="Prometheus exporter for the state of BlueKing tasks: bk-sops, BKFlow, nodeman, gsekit" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV BK_TASK_EXPORTER_REVISION="${REVISION}"
