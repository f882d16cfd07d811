"""Deployments: one concise file in, and what Docker Compose, Podman or Kubernetes run out."""
