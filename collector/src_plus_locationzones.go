package collector

import "nginx-exporter/client/plus"

func plusLocationZonesSource(o *Options) []source {
	figures := &table[*plus.ServerZone]{
		source: "/http/location_zones/",
		prefix: "nginxplus_location_zone_",
		rows:   zoneRows(o),
		labels: []string{"location_zone"},
		values: func(values []string, z *plus.ServerZone) []string { return append(values, z.Name) },
	}
	return []source{plusSource("http_location_zones", "http/location_zones", "traffic of each status_zone of locations",
		func(_ asker, bind *binder, zones *plus.ServerZones) {
			addTo(bind, figures, keep(&bind.choice.zones, zones.All, serverZoneName)...)
		}, figures)}
}
