#!/bin/sh
# Adds a document, and searches for it as soon as it is found. It needs curl:
# sh client.sh http://localhost:8080 http://localhost:9090
set -eu
search=$1 intake=$2
lamp='{"url": "https://example.org/curl", "title": "Desk lamp", "text": "A lamp for a desk."}'

stored=$(curl -sS --fail-with-body -H "Authorization: Bearer ${LIGHTSHIP_TOKEN:-}" -d "$lamp" "$intake/documents") || { echo "$stored" >&2; exit 1; }
position=$(echo "$stored" | sed 's/.*"position":"\([^"]*\)".*/\1/')
curl -sS --fail-with-body "$search/search?format=text&q=desk+lamp&min_position=$position"
