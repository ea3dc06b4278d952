# syntax=docker/dockerfile:1
# Two images from one file: `cpu` (the server, with its own vLLM for the CPU) and `gpu` (training on a GPU).
FROM python:3.11-slim AS base
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1 CROSSOVER_HOME=/data
RUN apt-get update && apt-get install -y --no-install-recommends g++ libnuma1 && rm -rf /var/lib/apt/lists/*
# The folders that volumes are mounted on exist here, so that new volumes belong to the user.
RUN useradd --create-home --uid 10001 crossover \
 && mkdir -p /data/adapters /home/crossover/.cache/huggingface \
 && chown -R crossover /data /home/crossover/.cache
WORKDIR /app

FROM base AS cpu
COPY requirements-cpu.lock .
RUN pip install --no-deps --extra-index-url https://download.pytorch.org/whl/cpu -r requirements-cpu.lock
COPY . .
RUN pip install --no-deps --no-build-isolation .
USER crossover
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=180s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/readyz', timeout=2)"]
ENTRYPOINT ["crossover"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]

FROM base AS gpu
COPY requirements-gpu.lock .
RUN pip install --no-deps -r requirements-gpu.lock
COPY . .
RUN pip install --no-deps --no-build-isolation .
USER crossover
VOLUME /data
ENTRYPOINT ["crossover"]
