# docker build -t twinkit .      docker run -p 4010:4010 twinkit serve stripe
# BASE is any image with Python 3.11 or newer.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/twinkit
# The dependencies are a layer of their own: they are installed again only when pyproject.toml changes.
COPY pyproject.toml ./
RUN python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; print(*p['dependencies'], *(line for twin in ('okta', 'mail') for line in p['optional-dependencies'][twin]), sep='\n')" > /tmp/requirements.txt \
 && /opt/twinkit/bin/pip install -r /tmp/requirements.txt
COPY README.md LICENSE NOTICE hatch_build.py ./
COPY openapi openapi
COPY failure_profiles failure_profiles
COPY twins twins
COPY twinkit twinkit
RUN /opt/twinkit/bin/pip install --no-deps .

FROM ${BASE}
COPY --from=build /opt/twinkit /opt/twinkit
RUN useradd --create-home --uid 10001 twin && install -d -o twin -g twin /data /opt/twinkit/cache
# The twins of the image are compiled in it; the cache is for documents served with --openapi.
ENV PATH=/opt/twinkit/bin:$PATH PYTHONUNBUFFERED=1 TWIN_HOST=0.0.0.0 TWINKIT_CACHE=/opt/twinkit/cache \
    TWIN_READY_FILE=/dev/shm/twin-ready.json
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 4010 4011 4012
# Asks every twin on the port it has, whatever the ports are.
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=5 \
  CMD ["python", "-c", "import json, os, urllib.request as u; [u.urlopen('http://127.0.0.1:%d/_twin/health' % t['port'], timeout=2).read() for t in json.load(open(os.environ['TWIN_READY_FILE']))['twins'].values()]"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["twin"]
CMD ["serve", "stripe"]
