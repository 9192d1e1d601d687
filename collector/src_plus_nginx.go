package collector

import (
	"fmt"
	"strconv"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

// plusNginx is the document /nginx, and the version of the API that it was
// read with.
type plusNginx struct {
	plus.Nginx
	apiVersion string
}

func plusNginxSource() []source {
	about, process, build := plusNginxTable(), plusMasterTable(), plusBuildTable()
	return []source{
		plusSource("nginx", "nginx", "version, configuration loads",
			func(ask asker, bind *binder, nginx *plus.Nginx) {
				object := &plusNginx{Nginx: *nginx, apiVersion: strconv.Itoa(ask.index.Version)}
				bind.generation = fmt.Sprint(nginx.Version, nginx.Build, nginx.Generation.Float(), nginx.LoadTimestamp.Float())
				if nginx.Generation.Float() == 1 && nginx.LoadTimestamp.IsSet() {
					bind.started = nginx.LoadTimestamp.Float()
				}
				addTo(bind, about, object)
				addTo(bind, build, object)
				if bind.choice.wants("nginx_process") {
					addTo(bind, process, object)
				}
			}, about, build),
		detail("nginx_process", "clock and master process of nginx", process),
	}
}

func plusNginxTable() *table[*plusNginx] {
	return &table[*plusNginx]{
		source: "/nginx",
		prefix: "nginxplus_config_",
		rows: []row[*plusNginx]{
			gauge("last_load_timestamp_seconds", "When nginx last loaded its configuration, in Unix time.",
				func(n *plusNginx) value.Value { return n.LoadTimestamp }),
			counter("reloads_total", "Loads of the configuration, the one at the start included.",
				func(n *plusNginx) value.Value { return n.Generation }),
		},
	}
}

func plusMasterTable() *table[*plusNginx] {
	return &table[*plusNginx]{
		source: "/nginx",
		prefix: "nginxplus_",
		rows: []row[*plusNginx]{
			gauge("master_process_id", "Process id of the master process; another one after a restart.",
				func(n *plusNginx) value.Value { return n.MasterPID }),
			gauge("server_time_seconds", "Unix time by the clock of nginx.",
				func(n *plusNginx) value.Value { return n.Timestamp }),
		},
	}
}

func plusBuildTable() *table[*plusNginx] {
	return &table[*plusNginx]{
		source: "/nginx",
		prefix: "nginxplus_",
		rows: []row[*plusNginx]{
			info[*plusNginx]("build_info", "Version and build of NGINX Plus, and the version of its API in use."),
		},
		labels: []string{"api_version", "build", "version"},
		values: func(values []string, n *plusNginx) []string {
			return append(values, n.apiVersion, n.Build, n.Version)
		},
	}
}
