// Package deploy holds what people run around Maru: Prometheus' configuration and alert rules, and
// dashboards for Grafana. Its tests hold every query against the metrics that the binary exposes, and
// write the dashboards from the tables in dashboards.go.
package deploy
