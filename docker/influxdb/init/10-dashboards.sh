#!/bin/sh
# Runs once, when InfluxDB sets up an empty volume; its `influx` is logged in then.
set -eu
influx apply --force yes --file /templates/mape.yml
