#!/usr/bin/env bash
# A client made of curl, lines and jq: prints a JSON array of the stream's events, each with its name and its data.
# Arguments: base URL, request body.
set -euo pipefail

curl --silent --show-error --no-buffer --fail-with-body --max-time 60 "$1/chat/completions" \
    --header 'Content-Type: application/json' --data-binary "$2" |
    {
        event=""
        while IFS= read -r line; do
            case $line in
            'event: '*) event=${line#event: } ;;
            'data: [DONE]') printf '{"event":"[DONE]","data":null}\n' ;;
            'data: '*) printf '{"event":"%s","data":%s}\n' "$event" "${line#data: }" ;;
            '') event="" ;;
            :*) ;;
            *) printf 'no line of an event stream: %s\n' "$line" >&2 && exit 1 ;;
            esac
        done
    } |
    jq --slurp .
