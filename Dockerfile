# One image for every service of docker-compose.yml: API, scheduler, Ray head and workers, migrations.
# On a GPU host build with --build-arg TORCH=torch==2.13.0 (the default wheel brings CUDA); for a small
# CPU image give pip the index of CPU wheels: --build-arg PIP_EXTRA_INDEX_URL=...
FROM python:3.11-slim-bookworm

ARG TORCH=torch==2.13.0
ARG PIP_EXTRA_INDEX_URL=

RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 talan \
    && install --directory --owner talan /var/lib/talan/artifacts

WORKDIR /opt/talan
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY talan talan
COPY storage storage
COPY workers workers
COPY search search
COPY dashboards dashboards
COPY api api
RUN pip install --no-cache-dir "$TORCH" -c constraints.txt \
    && pip install --no-cache-dir . -c constraints.txt

USER talan
WORKDIR /home/talan
ENV PYTHONUNBUFFERED=1 TALAN_ARTIFACTS=/var/lib/talan/artifacts
ENTRYPOINT []
CMD ["talan", "--help"]
