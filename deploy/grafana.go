package deploy

import "strings"

// render returns the dashboard as Grafana's JSON model (schema 39, Grafana 10 and later).
func (d dashboard) render() map[string]any {
	var panels []any
	id, y := 1, 0
	for _, r := range d.rows {
		panels = append(panels, map[string]any{"id": id, "type": "row", "title": r.title, "collapsed": false, "panels": []any{},
			"gridPos": position(0, y, 24, 1)})
		id, y = id+1, y+1
		x := 0
		for _, p := range r.panels {
			width := p.width
			if width == 0 {
				width = 8
			}
			if x+width > 24 {
				x, y = 0, y+height
			}
			panels = append(panels, p.render(id, x, y, width))
			id, x = id+1, x+width
		}
		y += height
	}
	return map[string]any{
		"uid": d.uid, "title": d.title, "description": d.about, "tags": []string{"maru"}, "schemaVersion": 39, "version": 1,
		"editable": true, "refresh": "10s", "timezone": "browser", "time": map[string]any{"from": "now-1h", "to": "now"},
		"panels": panels,
		"templating": map[string]any{"list": []any{
			map[string]any{"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "current": map[string]any{}},
			map[string]any{"name": "instance", "label": "Node", "type": "query", "datasource": source, "query": `label_values(up{job="maru"}, instance)`,
				"refresh": 2, "includeAll": true, "multi": true, "allValue": ".*", "current": map[string]any{"text": "All", "value": "$__all"}},
		}},
		"links": []any{map[string]any{"title": "Maru", "type": "dashboards", "tags": []string{"maru"}, "asDropdown": false, "includeVars": true, "keepTime": true}},
	}
}

const height = 7

var source = map[string]any{"type": "prometheus", "uid": "${datasource}"}

func position(x, y, w, h int) map[string]any { return map[string]any{"x": x, "y": y, "w": w, "h": h} }

func (p panel) render(id, x, y, width int) map[string]any {
	kind := p.kind
	if kind == "" {
		kind = "timeseries"
	}
	var targets []any
	for n, q := range p.queries {
		targets = append(targets, map[string]any{"refId": string(rune('A' + n)), "datasource": source, "expr": q.text(), "legendFormat": q.legend})
	}
	field := map[string]any{"unit": p.unit, "min": 0}
	if p.unit == "" {
		field["unit"] = "short"
	}
	if steps := p.steps(); steps != nil {
		field["thresholds"] = map[string]any{"mode": "absolute", "steps": steps}
		field["color"] = map[string]any{"mode": "thresholds"}
	}
	return map[string]any{"id": id, "type": kind, "title": p.title, "description": p.about, "datasource": source,
		"gridPos": position(x, y, width, height), "targets": targets,
		"fieldConfig": map[string]any{"defaults": field, "overrides": []any{}}}
}

// steps colours a figure: {0, 1} is red below one, {0, -1} red above zero.
func (p panel) steps() []any {
	if len(p.thresholds) != 2 {
		return nil
	}
	step := func(color string, value any) any { return map[string]any{"color": color, "value": value} }
	if p.thresholds[1] < 0 {
		return []any{step("green", nil), step("red", 1)}
	}
	return []any{step("red", nil), step("green", p.thresholds[1])}
}

// text returns the query with the choice of nodes in it.
func (q query) text() string { return strings.ReplaceAll(q.expr, "%i", instance) }
