package node

import (
	"github.com/maru-trading/maru/actors/classifier"
	"github.com/maru-trading/maru/actors/message"
	"github.com/maru-trading/maru/actors/telemetry"
	"github.com/maru-trading/maru/adapters/engine/file"
	"github.com/maru-trading/maru/adapters/engine/http"
	"github.com/maru-trading/maru/config"
)

// engineSources are where the files of engines come from.
func engineSources(engines []config.Engine) (map[message.EngineName]classifier.Source, error) {
	sources := map[message.EngineName]classifier.Source{}
	for _, e := range engines {
		switch {
		case e.Model == nil:
		case e.Model.File != "":
			sources[e.Name] = file.New(e.Model.File)
		default:
			cfg := http.DefaultConfig(e.Model.URL)
			cfg.BytesMax = int64(e.Model.MaxSize)
			s, err := http.New(cfg)
			if err != nil {
				return nil, err
			}
			sources[e.Name] = s
		}
	}
	return sources, nil
}

// enginesMissing says which engines have no model yet.
func (n *Node) enginesMissing() (missing []string) {
	for _, e := range n.cfg.Engines {
		if e.Model != nil && telemetry.Sum(n.metrics.ClassifierLoaded, "engine", string(e.Name)) == 0 {
			missing = append(missing, "engine "+string(e.Name)+" has no model yet (the log says why)")
		}
	}
	return missing
}
