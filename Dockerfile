# The application only. PostgreSQL and Valkey are separate services (docker-compose.yml).
FROM python:3.12-slim AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --require-hashes -r requirements.txt

FROM python:3.12-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=riskhub.settings \
    RISKHUB_HOME=/var/lib/riskhub \
    RISKHUB_STATIC_ROOT=/app/static-collected \
    RISKHUB_STATIC_HASHED=1 \
    RISKHUB_SAMPLE=0 \
    PORT=8000
RUN useradd --system --uid 10001 --home-dir /var/lib/riskhub --create-home --shell /usr/sbin/nologin riskhub \
    && chmod 0700 /var/lib/riskhub
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
# Root owns the code and the collected files, so that an attack on the application cannot change them.
RUN python manage.py collectstatic --no-input && python -m compileall -q /app
USER 10001
EXPOSE 8000
VOLUME ["/var/lib/riskhub"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=6s --start-period=40s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/readyz', timeout=5)"]
CMD ["sh", "-c", "exec python -m granian --interface wsgi --host 0.0.0.0 --port \"$PORT\" --workers \"${WEB_WORKERS:-2}\" --blocking-threads 4 --no-ws --log-level warning --respawn-failed-workers --workers-kill-timeout 10 riskhub.wsgi:application"]
