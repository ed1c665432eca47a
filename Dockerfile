# One image for each service: docker build --build-arg SERVICE=Ingest|AckResponder|QueryApi|SensorSimulator .
# scripts/images.sh builds all four. Works with the classic builder, with BuildKit and with podman: no syntax line (it is pulled), no
# cache mounts. Behind a package feed of your own: --build-arg RestoreSources=URL, or a nuget.config in the root of the clone.
# The defaults are those of images.env.
ARG DOTNET_SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0
ARG DOTNET_RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra

FROM ${DOTNET_SDK_IMAGE} AS build
WORKDIR /src

# Packages: a layer that stays as long as no project, version or feed changes.
COPY global.json Directory.Build.props Directory.Packages.props .editorconfig [Nn]u[Gg]et.[Cc]onfi[g] ./
COPY services/Ingest/*.csproj services/Ingest/
COPY services/AckResponder/*.csproj services/AckResponder/
COPY services/QueryApi/*.csproj services/QueryApi/
COPY services/SensorSimulator/*.csproj services/SensorSimulator/
COPY services/Shared/Contracts/*.csproj services/Shared/Contracts/
COPY services/Shared/Mqtt/*.csproj services/Shared/Mqtt/
COPY services/Shared/ServiceDefaults/*.csproj services/Shared/ServiceDefaults/
COPY services/Shared/Storage/*.csproj services/Shared/Storage/
# MSBuild takes it from the environment; empty, the feeds of nuget.config count.
ARG RestoreSources
RUN for service in Ingest AckResponder QueryApi SensorSimulator; do \
      dotnet restore services/$service --disable-build-servers -nologo || exit 1; \
    done

# All four at once: what they share is compiled once, and their images differ in the last layer only. Left out is what a
# container has no use for: symbols, documentation, the settings of IIS. The analysers have their say in scripts/build.sh.
COPY services services
RUN for service in Ingest AckResponder QueryApi SensorSimulator; do \
      dotnet publish services/$service --no-restore -c Release -o /app/$service --disable-build-servers -nologo -clp:ErrorsOnly \
        -p:RunAnalyzers=false -p:DebugType=none -p:PublishDocumentationFiles=false -p:IsTransformWebConfigDisabled=true \
      && ln -s Tally.$service /app/$service/service || exit 1; \
    done

FROM ${DOTNET_RUNTIME_IMAGE}
ARG SERVICE=Ingest
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Tally ${SERVICE}" \
      org.opencontainers.image.description="An MQTT telemetry pipeline that proves that nothing was lost" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT"
# Diagnostics want a socket in /tmp; without them the root file system may be read-only and no other is needed. To use dotnet-trace,
# mount a /tmp and set it to 1.
ENV ASPNETCORE_HTTP_PORTS=8080 DOTNET_EnableDiagnostics=0
WORKDIR /app
COPY --from=build /app/${SERVICE} .
USER $APP_UID
EXPOSE 8080
# The service asks itself: there is neither shell nor curl (services/Shared/ServiceDefaults/HealthVerb.cs).
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/app/service", "health"]
# A link to the service's own executable; verbs and options follow: migrate, run --messages 100000.
ENTRYPOINT ["/app/service"]
