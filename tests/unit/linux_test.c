/* SPDX-License-Identifier: Apache-2.0 */
/* The linux object and the rules between fields. */
#include "tests/unit/config.h"

#include <sched.h>
#include <sys/mount.h>

#define SPACES(LIST_)	   LINUX("\"namespaces\":[" LIST_ "]")
#define SYSCTL(KEY, VALUE) ISOLATED("\"sysctl\":{\"" KEY "\":\"" VALUE "\"}")
#define SHARED(KEY, VALUE) LINUX("\"sysctl\":{\"" KEY "\":\"" VALUE "\"}")
#define MAP(INSIDE_, HOST, SIZE)                                                               \
	"{\"containerID\":" #INSIDE_ ",\"hostID\":" #HOST ",\"size\":" #SIZE "}"
#define MAPS(LIST_)                                                                            \
	LINUX("\"namespaces\":[{\"type\":\"user\"}],\"gidMappings\":[" MAP(                    \
		0, 0, 1) "],\"uidMappings\":[" LIST_ "]")
#define POLICY(MODE, MORE) LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_" MODE "\"" MORE "}")
#define DEVICE(MORE)	   LINUX("\"devices\":[{" MORE "}]")

static const struct config_case namespace_cases[] = {
	{"all eight", ISOLATED("\"x\":0")},
	{"an unknown one", SPACES("{\"type\":\"pid\"},{\"type\":\"uts\"},{\"type\":\"utz\"}"),
		"linux.namespaces[2].type: unknown name \"utz\""},
	{"one twice", SPACES("{\"type\":\"pid\"},{\"type\":\"uts\"},{\"type\":\"pid\"}"),
		"linux.namespaces[2]: the namespace \"pid\" appears twice"},
	{"one without a type", SPACES("{}"), "linux.namespaces[0].type: is missing"},
	{"a relative path", SPACES("{\"type\":\"pid\",\"path\":\"x\"}"),
		"linux.namespaces[0]: the path \"x\" is not absolute"},
	{"an empty path", SPACES("{\"type\":\"pid\",\"path\":\"\"}")},
	{"a new user namespace without maps", SPACES("{\"type\":\"pid\"},{\"type\":\"user\"}"),
		"linux.namespaces[1]: a new user namespace needs linux.uidMappings and "
		"linux.gidMappings"},
	{"a joined user namespace without maps", SPACES("{\"type\":\"user\",\"path\":\"/x\"}")},
	{"maps without a user namespace", LINUX("\"uidMappings\":[" MAP(0, 0, 1) "]"),
		"linux.uidMappings: id mappings need a user namespace in linux.namespaces"},
	{"group maps without a user namespace", LINUX("\"gidMappings\":[" MAP(0, 0, 1) "]"),
		"linux.gidMappings: id mappings need a user namespace in linux.namespaces"},
	{"maps", MAPS(MAP(0, 1000, 1) "," MAP(1, 100000, 65536))},
	{"K22 size 0", MAPS(MAP(0, 0, 0)), "linux.uidMappings[0]: the size is 0"},
	{"K22 overlap inside", MAPS(MAP(0, 0, 10) "," MAP(9, 100, 10)),
		"linux.uidMappings[1]: the range overlaps with that of [0]"},
	{"K22 overlap outside", MAPS(MAP(0, 0, 10) "," MAP(10, 5, 1)),
		"linux.uidMappings[1]: the range overlaps with that of [0]"},
	{"K22 side by side", MAPS(MAP(10, 10, 10) "," MAP(0, 0, 10) "," MAP(20, 20, 1))},
	{"K22 groups",
		LINUX("\"namespaces\":[{\"type\":\"user\"}],\"uidMappings\":[" MAP(
			0, 0, 1) "],"
				 "\"gidMappings\":[" MAP(0, 0, 1) "," MAP(0, 5, 1) "]"),
		"linux.gidMappings[1]: the range overlaps with that of [0]"},
	{"K22 beyond the range", MAPS(MAP(1, 0, 4294967295)),
		"linux.uidMappings[0]: the range goes beyond 4294967294"},
	{"K22 all of the range", MAPS(MAP(0, 0, 4294967295))},
	{"K22 id 2^32-1", MAPS(MAP(4294967295, 0, 1)),
		"linux.uidMappings[0].containerID: 4294967295 is not between 0 and 4294967294"},
	{"time offsets",
		ISOLATED("\"timeOffsets\":{\"boottime\":{\"secs\":-1,\"nanosecs\":5}}")},
	{"time offsets without the namespace",
		LINUX("\"timeOffsets\":{\"boottime\":{\"secs\":1}}"),
		"linux.timeOffsets: time offsets need a time namespace in linux.namespaces"},
	{"no time offsets need no namespace", LINUX("\"timeOffsets\":{}")},
	{"time offsets of a joined namespace",
		LINUX("\"namespaces\":[{\"type\":\"time\",\"path\":\"/x\"}],"
		      "\"timeOffsets\":{\"monotonic\":{\"secs\":1}}"),
		"linux.timeOffsets: a time namespace that is joined by path has its own "
		"offsets"},
	{"nanoseconds", ISOLATED("\"timeOffsets\":{\"boottime\":{\"nanosecs\":1000000000}}"),
		"linux.timeOffsets.boottime.nanosecs: 1000000000 is not between 0 and "
		"999999999"},
	{"an unknown clock", ISOLATED("\"timeOffsets\":{\"realtime\":{\"secs\":1}}"),
		"linux.timeOffsets: unknown name \"realtime\""},
	{"masked paths need a mount namespace", LINUX("\"maskedPaths\":[\"/x\"]"),
		"linux.maskedPaths: paths can only be masked in a mount namespace of their "
		"own"},
	{"read-only paths need a mount namespace", LINUX("\"readonlyPaths\":[\"/x\"]"),
		"linux.readonlyPaths: paths can only be made read-only in a mount namespace of "
		"their "
		"own"},
	{"no paths need none", LINUX("\"maskedPaths\":[],\"readonlyPaths\":null")},
	{"a relative masked path", ISOLATED("\"maskedPaths\":[\"/a\",\"x\"]"),
		"linux.maskedPaths[1]: \"x\" is not an absolute path"},
	{"a masked root", ISOLATED("\"maskedPaths\":[\"/a/..\"]"),
		"linux.maskedPaths[0]: \"/a/..\" is the root directory"},
};

static const struct config_case sysctl_cases[] = {
	{"of the network", SYSCTL("net.ipv4.ip_forward", "1")},
	{"of System V IPC", SYSCTL("kernel.shmmax", "1")},
	{"of message queues", SYSCTL("fs.mqueue.msg_max", "1")},
	{"of users", SYSCTL("user.max_user_namespaces", "1")},
	{"the domain name", SYSCTL("kernel.domainname", "d")},
	{"with slashes", SYSCTL("net/ipv4/conf/eth0.100/forwarding", "1")},
	{"K15 the host's network", SHARED("net.ipv4.ip_forward", "1"),
		"linux.sysctl[\"net.ipv4.ip_forward\"]: sysctl \"net.ipv4.ip_forward\" is not "
		"allowed in "
		"host network namespace"},
	{"K15 the host's IPC", SHARED("kernel.shmmax", "1"),
		"~sysctl \"kernel.shmmax\" is not allowed in the hosts ipc namespace"},
	{"K15 core_pattern", SYSCTL("kernel.core_pattern", "|/x"),
		"linux.sysctl[\"kernel.core_pattern\"]: sysctl \"kernel.core_pattern\" is not "
		"in a "
		"separate kernel namespace"},
	{"K15 hostname", SYSCTL("kernel.hostname", "x"),
		"~sysctl \"kernel.hostname\" is not allowed: use the hostname field"},
	{"K15 a way up", SYSCTL("net/../kernel/core_pattern", "x"),
		"linux.sysctl[\"net/../kernel/core_pattern\"]: is not the name of a sysctl"},
	{"K15 dots", SYSCTL("net...kernel.core_pattern", "x"),
		"linux.sysctl[\"net...kernel.core_pattern\"]: is not the name of a sysctl"},
	{"K15 dots from slashes", SYSCTL("net.//.kernel.core_pattern", "x"),
		"linux.sysctl[\"net.//.kernel.core_pattern\"]: is not the name of a sysctl"},
	{"K15 a dot from a slash", SYSCTL("net./.x", "x"),
		"linux.sysctl[\"net./.x\"]: is not the name of a sysctl"},
	{"K15 absolute", SYSCTL("/net/x", "x"), "~is not the name of a sysctl"},
	{"K15 a directory", SYSCTL("net.ipv4.", "x"), "~is not the name of a sysctl"},
	{"K15 empty", SYSCTL("", "x"), "~has a character that is in no name of a sysctl"},
	{"K15 a prefix only", SYSCTL("network.x", "x"),
		"~is not in a separate kernel namespace"},
	{"K15 the directory itself", SYSCTL("net", "x"),
		"~is not in a separate kernel namespace"},
	{"K15 a space", SYSCTL("net.x y", "x"),
		"~has a character that is in no name of a sysctl"},
	{"K15 a value with a newline", SYSCTL("net.x", "1\\nkernel.y=2"),
		"linux.sysctl[\"net.x\"]: the value: contains a control character"},
	{"K15 a value with +", SYSCTL("net.x", "1+kernel.y=2"),
		"linux.sysctl[\"net.x\"]: the value contains '+'"},
	{"a value with a tab", SYSCTL("net.ipv4.tcp_rmem", "4096\\t131072 6291456")},
	{"two spellings", ISOLATED("\"sysctl\":{\"net.a.b\":\"1\",\"net/a/b\":\"2\"}"),
		"linux.sysctl: \"net/a/b\" is given twice"},
	{"against the domainname field",
		ISOLATED("\"sysctl\":{\"kernel.domainname\":\"a\"}},\"domainname\":\"b\",\"x\":"
			 "{\"y\":0"),
		"~the value contradicts the domainname field"},
};

static const struct config_case other_cases[] = {
	{"a device", DEVICE("\"type\":\"u\",\"path\":\"/dev/x\",\"major\":1,\"minor\":2")},
	{"a pipe", DEVICE("\"type\":\"p\",\"path\":\"/dev/x\"")},
	{"a device without numbers", DEVICE("\"type\":\"c\",\"path\":\"/dev/x\",\"major\":1"),
		"linux.devices[0]: major and minor are missing"},
	{"a device of type a", DEVICE("\"type\":\"a\",\"path\":\"/dev/x\""),
		"linux.devices[0].type: unknown name \"a\""},
	{"a device at a relative path", DEVICE("\"type\":\"p\",\"path\":\"dev/x\""),
		"linux.devices[0].path: \"dev/x\" is not an absolute path"},
	{"a device with st_mode", DEVICE("\"type\":\"c\",\"path\":\"/"
					 "x\",\"major\":1,\"minor\":2,\"fileMode\":8630")},
	{"a device with setuid, which is left out",
		DEVICE("\"type\":\"c\",\"path\":\"/"
		       "x\",\"major\":1,\"minor\":2,\"fileMode\":2559")},
	{"a device with more than a mode",
		DEVICE("\"type\":\"c\",\"path\":\"/"
		       "x\",\"major\":1,\"minor\":2,\"fileMode\":65536"),
		"linux.devices[0].fileMode: 65536 has bits other than the permissions 0777"},
	{"a device of uid 2^32-1", DEVICE("\"type\":\"p\",\"path\":\"/x\",\"uid\":4294967295"),
		"linux.devices[0].uid: 4294967295 is not between 0 and 4294967294"},
	{"a device with a large number",
		DEVICE("\"type\":\"c\",\"path\":\"/x\",\"major\":4096,\"minor\":2"),
		"linux.devices[0].major: 4096 is not between 0 and 4095"},
	{"network devices",
		ISOLATED("\"netDevices\":{\"eth1\":{\"name\":\"eth0\"},\"eth2\":{}}")},
	{"network devices without a namespace", LINUX("\"netDevices\":{\"eth1\":{}}"),
		"linux.netDevices: unable to move network devices without a NET namespace"},
	{"a bad interface", ISOLATED("\"netDevices\":{\"eth/1\":{}}"),
		"linux.netDevices[\"eth/1\"]: is not the name of a network device"},
	{"two numbers in a pattern", ISOLATED("\"netDevices\":{\"e\":{\"name\":\"e%d%d\"}}"),
		"linux.netDevices[\"e\"]: \"e%d%d\": of a pattern only one \"%d\" is known"},
	{"a pattern for the host's", ISOLATED("\"netDevices\":{\"e%\":{}}"),
		"linux.netDevices[\"e%\"]: is not the name of a network device"},
	{"a long interface", ISOLATED("\"netDevices\":{\"e\":{\"name\":\"a234567890123456\"}}"),
		"linux.netDevices[\"e\"]: \"a234567890123456\" is not the name of a network "
		"device"},
	{"one name for two",
		ISOLATED("\"netDevices\":{\"eth1\":{\"name\":\"eth2\"},\"eth2\":{}}"),
		"linux.netDevices[\"eth2\"]: the name \"eth2\" is given twice"},
	{"one pattern for two",
		ISOLATED("\"netDevices\":{\"a\":{\"name\":\"e%d\"},\"b\":{\"name\":\"e%d\"}}")},
	{"a cgroup", LINUX("\"cgroupsPath\":\"/a/..b/c\"")},
	{"a cgroup for systemd", LINUX("\"cgroupsPath\":\"system.slice:mayfly:x\"")},
	{"a cgroup with ..", LINUX("\"cgroupsPath\":\"/a/../b\""),
		"linux.cgroupsPath: \"/a/../b\" contains \"..\""},
	{"a cgroup that is ..", LINUX("\"cgroupsPath\":\"..\""), "~contains \"..\""},
	{"propagation", LINUX("\"rootfsPropagation\":\"rshared\"")},
	{"no propagation", LINUX("\"rootfsPropagation\":\"\"")},
	{"a wrong propagation", LINUX("\"rootfsPropagation\":\"public\""),
		"linux.rootfsPropagation: unknown name \"public\""},
	{"personality", LINUX("\"personality\":{\"domain\":\"LINUX32\"}")},
	{"personality flags", LINUX("\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"X\"]}"),
		"linux.personality: flags must be empty: the specification defines none"},
	{"memory policy", POLICY("BIND", ",\"nodes\":\"0-3,7\"")},
	{"memory policy without nodes", POLICY("INTERLEAVE", ""),
		"linux.memoryPolicy: MPOL_INTERLEAVE needs nodes"},
	{"memory policy with nodes", POLICY("LOCAL", ",\"nodes\":\"0\""),
		"linux.memoryPolicy: MPOL_LOCAL takes no nodes"},
	{"memory policy with flags", POLICY("DEFAULT", ",\"flags\":[\"MPOL_F_STATIC_NODES\"]"),
		"linux.memoryPolicy: MPOL_DEFAULT takes no flags"},
	{"memory policy, preferred", POLICY("PREFERRED", "")},
	{"memory policy, both flags",
		POLICY("BIND", ",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_NODES\","
			       "\"MPOL_F_RELATIVE_NODES\"]"),
		"~exclude each other"},
	{"memory policy, unknown", POLICY("X", ""),
		"linux.memoryPolicy.mode: unknown name \"MPOL_X\""},
	{"memory policy, bad nodes", POLICY("BIND", ",\"nodes\":\"x\""),
		"linux.memoryPolicy.nodes: \"x\" is not a list like \"0-3,7\""},
	{"resctrl", LINUX("\"intelRdt\":{\"closID\":\"/\"}")},
	{"resctrl with a path", LINUX("\"intelRdt\":{\"closID\":\"a/b\"}"),
		"linux.intelRdt: closID is neither \"/\" nor the name of a directory"},
	{"resctrl with ..", LINUX("\"intelRdt\":{\"closID\":\"..\"}"),
		"linux.intelRdt: closID is neither \"/\" nor the name of a directory"},
	{"resctrl with two lines", LINUX("\"intelRdt\":{\"schemata\":[\"a\",\"b\\nc\"]}"),
		"linux.intelRdt: schemata[1] contains a newline"},
	{"a mount label", LINUX("\"mountLabel\":\"a\\\",x=\\\"\""),
		"linux.mountLabel: contains a quotation mark"},
};

static void test_values(void)
{
	static const char text[] =
		ISOLATED("\"rootfsPropagation\":\"rslave\",\"maskedPaths\":[\"/proc//kcore/\"],"
			 "\"devices\":[{\"type\":\"u\",\"path\":\"/dev/"
			 "x\",\"major\":1,\"minor\":2,\"fileMode\":8630}]");
	struct arena arena = {0};
	struct error err = {0};
	struct oci_spec *spec;

	if (is_result(oci_spec_parse(text, strlen(text), &arena, &spec, &err), &err, NULL,
		    "values")) {
		is_number(spec->linux->rootfs_propagation.value, MS_SLAVE | MS_REC,
			"propagation");
		is_text(spec->linux->masked_paths[0], "/proc/kcore", "paths are normalised");
		is_number(spec->linux->devices[0].type, 'c', "u is c");
		is_number(spec->linux->devices[0].file_mode.value, 0666,
			"the mode without the type");
		is_number(oci_namespace_find(spec->linux, CLONE_NEWTIME)->type, CLONE_NEWTIME,
			"time");
	}
	arena_free(&arena);
}

int main(void)
{
	RUN_CONFIG_CASES(namespace_cases);
	RUN_CONFIG_CASES(sysctl_cases);
	RUN_CONFIG_CASES(other_cases);
	test_values();
	return tap_end();
}
