# One image for every role; the entry file and the domain are arguments: `workers/worker.ts d1`, `cli/main.ts status`.
# Temporal's native part needs glibc, so no Alpine.
FROM node:24-bookworm-slim AS base
WORKDIR /sluice
ENV NODE_ENV=production NODE_OPTIONS=--disable-warning=ExperimentalWarning

FROM base AS packages
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM base AS roles
COPY --from=packages /sluice/node_modules node_modules
COPY . .
# Every worker of this image runs the same bundle, and so has the same build id.
RUN node workers/build-bundle.ts dist/workflows.js
ENV SLUICE_BUNDLE=/sluice/dist/workflows.js
USER node
ENTRYPOINT ["node"]
CMD ["cli/main.ts", "--help"]

# The sandbox AWS executes jobs with DuckDB, which no role needs.
FROM base AS sandbox
ENV NODE_ENV=development
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
# Templates of a mesh that is mounted are made there; all else stays root's.
RUN install -d -o node -g node .sluice
USER node
ENTRYPOINT ["node"]
CMD ["sandbox/aws/main.ts", "--standalone"]
