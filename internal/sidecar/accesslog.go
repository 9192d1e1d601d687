package sidecar

// The access log of nginx is a spool file in an emptyDir, which nginx and the exporter mount at the same directory. An
// emptyDir has mode 0777: the exporter can create the file, and workers of nginx can reopen it, whatever their users are.
const (
	LogVolume = Name + "-log"
	SpoolDir  = "/var/spool/nginx-exporter"
	SpoolFile = SpoolDir + "/access.log"
)

// VolumeMount is where a container mounts a volume.
type VolumeMount struct {
	Name      string `yaml:"name"`
	MountPath string `yaml:"mountPath"`
	SubPath   string `yaml:"subPath,omitempty"`
	ReadOnly  bool   `yaml:"readOnly,omitempty"`
}

// LogMount returns the mount of the access log, in the exporter and in nginx.
func LogMount() VolumeMount { return VolumeMount{Name: LogVolume, MountPath: SpoolDir} }
