package plustest

// kind is the form of a document. It determines its path and which parts of it can
// be requested.
type kind int

const (
	object kind = iota // one object: no slash at the end of its path
	byName             // objects by name: each has a path below
	list               // an array of objects, each below its "id"
	whole              // an object with a slash at the end, and nothing below
)

// endpoint is one document of the API.
type endpoint struct {
	path  string // below the version
	since int    // API version
	kind  kind
	// missing is the code and text of the error for an unknown object.
	missing, text string
}

// endpoints lists the documents in the order of nginx's own listings.
func endpoints() []endpoint {
	return []endpoint{
		{"nginx", 1, object, "", ""},
		{"processes", 1, object, "", ""},
		{"connections", 1, object, "", ""},
		{"slabs", 1, byName, "SlabNotFound", "slab not found"},
		{"http/requests", 1, object, "", ""},
		{"http/server_zones", 1, byName, "ServerZoneNotFound", "server zone not found"},
		{"http/location_zones", 5, byName, "LocationZoneNotFound", "location zone not found"},
		{"http/caches", 1, byName, "CacheNotFound", "cache not found"},
		{"http/limit_conns", 6, byName, "LimitConnNotFound", "limit_conn not found"},
		{"http/limit_reqs", 6, byName, "LimitReqNotFound", "limit_req not found"},
		{"http/keyvals", 1, byName, "KeyvalNotFound", "keyval not found"},
		{"http/upstreams", 1, byName, "UpstreamNotFound", "upstream not found"},
		{"stream/server_zones", 1, byName, "ServerZoneNotFound", "server zone not found"},
		{"stream/limit_conns", 6, byName, "LimitConnNotFound", "limit_conn not found"},
		{"stream/keyvals", 2, byName, "KeyvalNotFound", "keyval not found"},
		{"stream/zone_sync", 3, whole, "", ""},
		{"stream/upstreams", 1, byName, "UpstreamNotFound", "upstream not found"},
		{"resolvers", 5, byName, "ResolverZoneNotFound", "resolver zone not found"},
		{"ssl", 1, object, "", ""},
		{"workers", 9, list, "WorkerNotFound", "worker not found"},
		{"license", 9, object, "", ""},
	}
}

// The listings. A set of documents may contain them; otherwise they are generated
// from the documents.
const (
	versionsPath = "versions"
	rootPath     = "root"
	httpPath     = "http"
	streamPath   = "stream"
)

// newest is the newest known API version.
const newest = 9
