"""How the image is made and checked: see docs/image.md. Some of it runs in the build stage of the Dockerfile."""
