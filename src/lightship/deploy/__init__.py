"""Deployments: generates files for Docker Compose, Podman or Kubernetes from one concise deployment file."""
