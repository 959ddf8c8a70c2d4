# polyloly's one image: every service of docker-compose.yml runs it with another command.

FROM node:22-bookworm-slim AS browser-packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev

FROM python:3.11-slim-bookworm
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY --from=browser-packages /app/node_modules node_modules
COPY . .
RUN useradd --system --uid 10001 polyloly && mkdir /state && chown polyloly /state
USER polyloly
ENV STATE_DIR=/state
VOLUME /state
EXPOSE 8080
CMD ["python", "-m", "daphne", "-b", "0.0.0.0", "-p", "8080", "-v", "0", "--no-server-name", "polyloly_site.asgi:application"]
