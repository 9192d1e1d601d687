package collector

import "nginx-exporter/client"

func plusLocationZonesSource(o *Options) []source {
	figures := &table[*client.PlusServerZone]{
		source: "/http/location_zones/",
		prefix: "nginxplus_location_zone_",
		rows:   zoneRows(o),
		labels: []string{"location_zone"},
		values: func(values []string, z *client.PlusServerZone) []string { return append(values, z.Name) },
	}
	return []source{plusSource("http_location_zones", "http/location_zones", "traffic of each status_zone of locations",
		func(_ asker, bind *binder, zones *client.PlusServerZones) {
			addTo(bind, figures, keep(&bind.choice.zones, zones.All, serverZoneName)...)
		}, figures)}
}
