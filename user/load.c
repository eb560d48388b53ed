/* SPDX-License-Identifier: GPL-2.0-only */
/* Bringing an instance up, step by step. */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "bindings.h"
#include "cleanup.h"
#include "datapath.h"
#include "log.h"
#include "paths.h"
#include "state.h"
#include "sysctl.h"
#include "xdp.h"

/* The placeholder neighbour's address: locally administered, never on a wire. */
static const uint8_t placeholder_mac[6] = { 0x02, 'n', 'a', 't', '6', '4' };

struct load {
	struct instance *instance;
	const struct load_options *options;
	struct record next;		/* what the record will say */
	struct saved_list kept;		/* bindings that go over into fresh maps */
	int reusable;			/* datapath_reusable() */
	bool xdp;			/* our XDP program is attached as it should be */
	struct config before;		/* settings of the running instance, if has_before */
	bool has_before;
};

static FILE *show(const struct load *load)
{
	return load->options->show;
}

/* A step failed on ERROR: says so. */
static int failed(int error, const char *what, const char *object)
{
	const char *kernel = nl_fault();

	return log_fail(error == -EPERM ? EXIT_PRIVILEGE : EXIT_FAILED,
			*kernel ? fmt("%s: %s", strerror(-error), kernel) : strerror(-error), error == -EPERM ? "run it as root: sudo nat64-bpf ..." : "nat64-bpf -v load shows more", "%s: %s",
			object, what);
}

static const char *text4(struct in_addr addr)
{
	char buf[INET_ADDRSTRLEN];

	return fmt("%s", inet_ntop(AF_INET, &addr, buf, sizeof(buf)));
}

/* What the record will say, but for routes. 0 or -errno. */
static int plan_record(struct load *load)
{
	struct instance *instance = load->instance;
	const struct record *old = &instance->record;
	_free_ struct nl_addr *addrs = NULL;
	size_t count = 0;
	bool there = false;
	int error = nl_addrs(&addrs, &count);

	for (size_t i = 0; i < count; i++)
		there |= addrs[i].family == AF_INET && addrs[i].index == instance->link.index && addrs[i].len == 32 &&
			 addrs[i].addr4.s_addr == instance->own4.s_addr;
	load->next = (struct record) {
		.ifindex	= instance->link.index,
		.clsact		= old->clsact && old->ifindex == instance->link.index,
		.neighbour	= instance->l2,
		.program	= load->reusable == 1 ? old->program : 0,
		.nft		= old->nft,
		.quota_len	= old->quota_len == instance->config.quota_length ? old->quota_len : 0,
		.xdp		= old->ifindex == instance->link.index ? old->xdp : 0,
	};
	memcpy(load->next.xdp_alone, old->xdp_alone, sizeof(old->xdp_alone));
	if (instance->fast_fault)
		snprintf(load->next.fast_fault, sizeof(load->next.fast_fault), "%s", instance->fast_fault);
	memcpy(load->next.interface, instance->link.name, sizeof(load->next.interface));
	if (!there || (old->own4.s_addr == instance->own4.s_addr && old->ifindex == instance->link.index))
		load->next.own4 = instance->own4;
	return error ? error : record_add_route(&load->next, &instance->config.pool);
}

/* The record of all that will be changed, written before the first change. */
static int step_record(struct load *load)
{
	struct instance *instance = load->instance;
	int error = plan_record(load);

	for (size_t i = 0; i < instance->config.static_count && !error; i++) {
		struct net4 one = { instance->config.statics[i].addr4, 32 };

		if (static_is_outside(&instance->config, &instance->config.statics[i]))
			error = record_add_route(&load->next, &one);
	}
	for (size_t i = 0; i < load->kept.count && !error; i++) {
		struct net4 one = { load->kept.items[i].addr4, 32 };

		if (load->kept.items[i].is_static && !net4_has(&instance->config.pool, one.addr))
			error = record_add_route(&load->next, &one);
	}
	if (!error && !show(load))
		error = record_write(instance->config.name, &load->next);
	return error ? failed(error, "cannot write the record", dir_run()) : 0;
}

/* IPv4 forwarding. */
static int step_forwarding(struct load *load)
{
	char undo[PATH_MAX];
	long on = 0;
	int status;

	snprintf(undo, sizeof(undo), "%s/.host.undo", dir_run());
	if (show(load)) {
		if (!sysctl_get("net/ipv4/ip_forward", &on) && on)
			return 0;
		fprintf(show(load), "sysctl -w net.ipv4.ip_forward=1\n");
		return 1;
	}
	status = forwarding_enable(undo);
	return status < 0 ? failed(status, "cannot switch IPv4 forwarding on", "net.ipv4.ip_forward") : status;
}

/* What an earlier load of this instance left on another interface, or with another own4. */
static int step_move(struct load *load)
{
	const struct instance *instance = load->instance;
	const struct record *old = &instance->record;
	bool moved = old->ifindex && old->ifindex != instance->link.index;
	int changed = 0;

	if (old->own4.s_addr && (moved || old->own4.s_addr != instance->own4.s_addr)) {
		if (show(load))
			fprintf(show(load), "ip address del %s/32 dev %s\n", text4(old->own4), old->interface);
		else
			nl_addr4_take(old->ifindex, old->own4);
		changed = 1;
	}
	if (!moved)
		return changed;
	if (show(load)) {
		fprintf(show(load), "# detach from interface %u %s\n", old->ifindex, old->interface);
		return 1;
	}
	if (old->xdp && xdp_detach(instance->config.name, old->ifindex))
		return -1;
	datapath_detach(instance->config.name, old->ifindex, old->clsact);
	for (size_t i = 0; i < old->route_count; i++)
		nl_route4_del(&(struct pool_route){ .dst = old->routes[i], .index = old->ifindex });
	if (old->neighbour)
		nl_neigh4_del(old->ifindex, (struct in_addr){ inet_addr(PLACEHOLDER4) });
	return 1;
}

static bool wants_xdp(const struct instance *instance)
{
	return instance->config.xdp == XDP_NATIVE || instance->config.xdp == XDP_GENERIC;
}

/* An XDP program that is not to stay: before its maps go, as it would go on with the old ones. TC does the work until
 * another is attached. */
static int step_xdp_off(struct load *load)
{
	struct instance *instance = load->instance;
	const char *name = instance->config.name;
	struct xdp_look look;
	int error = xdp_look(name, instance->link.index, instance->config.xdp, &look);

	if (error)
		return failed(error, "cannot ask for its XDP program", instance->link.name);
	load->xdp = wants_xdp(instance) && look.mode == instance->config.xdp && look.current && look.pinned &&
		    load->reusable == 1 && load->next.xdp == xdp_version();
	if (load->xdp || (look.mode == XDP_OFF && !load->next.xdp))
		return 0;
	if (show(load)) {
		if (look.mode == XDP_OFF)
			return 0;
		fprintf(show(load), "# detach nat64_xdp from XDP (%s) of %s\n", xdp_words[look.mode],
			instance->link.name);
		return 1;
	}
	if (xdp_detach(name, instance->link.index))
		return -1;
	load->next.xdp = 0;
	*load->next.xdp_alone = 0;
	return look.mode != XDP_OFF;
}

/* Fills fresh or reused maps. 1: static maps changed, 0: they did not. */
static int fill_maps(struct load *load, bool reuse)
{
	const struct config *config = &load->instance->config;
	struct bindings bindings;
	char path[PATH_MAX];
	int error, fault;

	if (bindings_open(config->name, &bindings))
		return -1;
	error = bindings_settle(&bindings, config);
	if (error >= 0 && load->next.quota_len != config->quota_length && (fault = bindings_count_quota(&bindings)))
		error = failed(fault, "cannot count the bindings of client networks", config->name);
	load->next.quota_len = config->quota_length;
	if (error > 0 && bindings_end_flows(&bindings))
		error = -1;
	if (error >= 0 && !reuse) {
		if (load->kept.items)
			state_apply(&bindings, &load->kept);
		else
			state_restore(&bindings, state_path(config, path));
	}
	bindings_close(&bindings);
	return error;
}

/* Programs and maps. */
static int step_programs(struct load *load)
{
	struct instance *instance = load->instance;
	bool reuse = load->reusable == 1;
	int error;

	/* an interface may come back under its name with a link header that the other had not */
	if (reuse && instance->record.program == datapath_program() && instance->record.neighbour == instance->l2 &&
	    !datapath_config_differs(instance)) {
		return show(load) ? 0 : fill_maps(load, true);
	}
	if (show(load)) {
		fprintf(show(load), "# %s programs and maps in %s/%s\n", reuse ? "update" : "load", dir_pin(),
			instance->config.name);
		return 1;
	}
	if (datapath_load(instance, reuse) || fill_maps(load, reuse) < 0)
		return -1;
	/* before the record says that these maps are whole: who is killed behind that has their settings as well */
	error = reuse ? 0 : instance_remember(instance);
	if (error)
		return failed(error, "cannot keep the settings", dir_run());
	load->next.program = datapath_program();
	return 1;
}

/* Static maps outside the pool as they would be: those of the settings, and of `map add`. 0 or -errno. */
static int plan_outside(struct load *load)
{
	struct instance *instance = load->instance;
	const struct config *config = &instance->config;
	_free_ struct static_map *added = NULL;
	struct nat64_config running;
	struct bindings bindings;
	size_t count = 0;
	int error = 0;

	if (load->reusable == 1 && !datapath_read_config(config->name, &running)) {
		if (bindings_open(config->name, &bindings))
			return -EIO;
		error = bindings_outside(&bindings, true, &added, &count);
		bindings_close(&bindings);
	}
	instance->outside_count = 0;
	instance->outside = calloc(config->static_count + count + 1, sizeof(*added));
	if (error || !instance->outside)
		return error ? error : -ENOMEM;
	for (size_t i = 0; i < config->static_count; i++)
		if (static_is_outside(config, &config->statics[i]))
			instance->outside[instance->outside_count++] = config->statics[i];
	for (size_t i = 0; i < count; i++)
		instance->outside[instance->outside_count++] = added[i];
	return 0;
}

/* Those that the maps hold now. 0 or -errno. */
static int read_outside(struct instance *instance)
{
	struct bindings bindings;
	int error;

	if (bindings_open(instance->config.name, &bindings))
		return -EIO;
	error = bindings_outside(&bindings, false, &instance->outside, &instance->outside_count);
	bindings_close(&bindings);
	return error;
}

/* Routes that there will be: of the pool, and of each static map outside it. 0 or -errno. */
static int plan_routes(struct load *load)
{
	const struct instance *instance = load->instance;
	int error;

	load->next.route_count = 0;
	error = record_add_route(&load->next, &instance->config.pool);
	for (size_t i = 0; i < instance->outside_count && !error; i++)
		error = record_add_route(&load->next, &(struct net4){ instance->outside[i].addr4, 32 });
	return error;
}

/* Static maps outside the pool come from settings, state file and `map add`: now the maps know all of them. */
static int step_outside(struct load *load)
{
	struct instance *instance = load->instance;
	int error;

	free(instance->outside);
	instance->outside = NULL;
	error = show(load) ? plan_outside(load) : read_outside(instance);
	if (!error)
		error = plan_routes(load);
	if (!error && !show(load))
		error = record_write(instance->config.name, &load->next);
	return error ? failed(error, "cannot settle static maps outside the pool", instance->config.name) : 0;
}

static int step_nft(struct load *load)
{
	struct instance *instance = load->instance;
	_free_ char *text = NULL;
	size_t len = 0;
	struct nft_spec spec;
	uint32_t crc;
	FILE *out;
	int error;

	instance_nft(instance, &spec);
	out = open_memstream(&text, &len);
	if (!out)
		return failed(-errno, "cannot write the nft table", instance->config.name);
	error = nft_render(&spec, out);
	if (fclose(out) || error)
		return failed(error ? error : -errno, "cannot write the nft table", instance->config.name);
	crc = crc32(0, (const void *)text, len);
	if (crc == load->next.nft && nft_present(spec.instance) == 1)
		return 0;
	if (show(load)) {
		fprintf(show(load), "nft -f - <<'EOF'\n%sEOF\n", text);
		return 1;
	}
	if (load->next.nft) {	/* who is killed behind nft_apply() leaves no sum of another table */
		load->next.nft = 0;
		error = record_write(instance->config.name, &load->next);
		if (error)
			return failed(error, "cannot write the record", dir_run());
	}
	if (nft_apply(&spec))
		return -1;
	load->next.nft = crc;
	return 1;
}

/* own4 on the interface: the kernel takes no `src` that is not an address of the host. */
static int step_address(struct load *load)
{
	struct instance *instance = load->instance;
	_free_ struct nl_addr *addrs = NULL;
	size_t count = 0;
	int error;

	if (show(load)) {
		if (nl_addrs(&addrs, &count))
			return 0;
		for (size_t i = 0; i < count; i++)
			if (addrs[i].family == AF_INET && addrs[i].index == instance->link.index && addrs[i].len == 32 &&
			    addrs[i].addr4.s_addr == instance->own4.s_addr)
				return 0;
		fprintf(show(load), "ip address add %s/32 dev %s\n", text4(instance->own4), instance->link.name);
		return 1;
	}
	error = nl_addr4_add(instance->link.index, instance->own4);
	if (error == -EEXIST)
		return 0;
	return error ? failed(error, fmt("cannot add %s/32", text4(instance->own4)), instance->link.name) : 1;
}

static struct in_addr via(const struct instance *instance)
{
	return (struct in_addr){ instance->l2 ? inet_addr(PLACEHOLDER4) : 0 };
}

static int step_neighbour(struct load *load)
{
	struct instance *instance = load->instance;
	int status;

	if (!instance->l2)
		return 0;
	if (show(load)) {
		if (instance->record.neighbour && instance->record.ifindex == instance->link.index)
			return 0;
		fprintf(show(load), "ip neigh replace %s lladdr 02:6e:61:74:36:34 nud permanent dev %s\n", PLACEHOLDER4,
			instance->link.name);
		return 1;
	}
	status = nl_neigh4_set(instance->link.index, via(instance), placeholder_mac);
	return status < 0 ? failed(status, "cannot set the placeholder neighbour", instance->link.name) : !status;
}

static bool has_route(const struct record *record, const struct net4 *route)
{
	for (size_t i = 0; i < record->route_count; i++)
		if (record->routes[i].addr.s_addr == route->addr.s_addr && record->routes[i].len == route->len)
			return true;
	return false;
}

static void show_route(FILE *out, const struct instance *instance, const struct net4 *dst)
{
	char text[NET4_TEXT];

	fprintf(out, "ip route replace %s %sdev %s%s proto %d mtu %u src %s\n", net4_text(dst, text),
		instance->l2 ? "via " PLACEHOLDER4 " " : "", instance->link.name, instance->l2 ? " onlink" : "",
		NAT64_RTPROT, instance->route_mtu, text4(instance->own4));
}

struct route_list {
	struct nl_route *routes;
	size_t count;
};

/* The route as it should be is there already. */
static bool route_is_set(const struct instance *instance, const struct net4 *dst, const struct route_list *now)
{
	for (size_t i = 0; i < now->count; i++)
		if (now->routes[i].protocol == NAT64_RTPROT && now->routes[i].oif == instance->link.index &&
		    now->routes[i].len == dst->len && now->routes[i].dst4.s_addr == dst->addr.s_addr &&
		    now->routes[i].mtu == instance->route_mtu && now->routes[i].src4.s_addr == instance->own4.s_addr)
			return true;
	return false;
}

static int set_route(struct load *load, const struct net4 *dst)
{
	struct instance *instance = load->instance;
	struct pool_route route = {
		.dst	= *dst,
		.index	= instance->link.index,
		.mtu	= instance->route_mtu,
		.src	= instance->own4,
		.via	= via(instance),
	};
	char text[NET4_TEXT];
	int status;

	if (show(load)) {
		show_route(show(load), instance, dst);
		return 0;
	}
	status = nl_route4_set(&route);
	return status < 0 ? failed(status, fmt("cannot set the route %s", net4_text(dst, text)), instance->link.name) : 0;
}

/* Routes of ours that the kernel has and nobody needs, also those that a killed process set. */
static int drop_routes(struct load *load, const struct route_list *now)
{
	const struct instance *instance = load->instance;
	int changed = 0;

	for (size_t i = 0; i < now->count; i++) {
		struct net4 dst = { now->routes[i].dst4, now->routes[i].len };
		char text[NET4_TEXT];

		if (now->routes[i].protocol != NAT64_RTPROT || now->routes[i].oif != instance->link.index ||
		    has_route(&load->next, &dst))
			continue;
		changed = 1;
		if (show(load))
			fprintf(show(load), "ip route del %s dev %s proto %d\n", net4_text(&dst, text),
				instance->link.name, NAT64_RTPROT);
		else
			nl_route4_del(&(struct pool_route){ .dst = dst, .index = instance->link.index });
	}
	return changed;
}

static int step_routes(struct load *load)
{
	_free_ struct nl_route *routes = NULL;
	struct route_list now = {};
	int changed = 0, error = nl_routes(AF_INET, &routes, &now.count);

	if (error)
		return failed(error, "cannot list IPv4 routes", load->instance->config.name);
	now.routes = routes;
	for (size_t i = 0; i < load->next.route_count; i++) {
		if (route_is_set(load->instance, &load->next.routes[i], &now))
			continue;
		changed = 1;
		if (set_route(load, &load->next.routes[i]))
			return -1;
	}
	return changed | drop_routes(load, &now);
}

int instance_outside(struct instance *instance, FILE *show_to)
{
	const struct load_options options = { .show = show_to };
	struct load load = { .instance = instance, .options = &options, .reusable = 1 };	/* it runs */
	const char *name = instance->config.name;
	int status, error = plan_record(&load);

	if (!error)
		error = plan_routes(&load);
	if (!error && !show_to)
		error = record_write(name, &load.next);
	status = error ? failed(error, "cannot write the record", dir_run()) : 0;
	if (status >= 0)
		status = step_nft(&load);
	if (status >= 0)
		status = step_routes(&load);
	if (status >= 0 && !show_to && (error = record_write(name, &load.next)))
		status = failed(error, "cannot write the record", dir_run());
	record_free(&load.next);
	return status < 0 ? -1 : 0;
}

/* Last, so that nothing is translated before all the rest stands. */
static int step_attach(struct load *load)
{
	struct instance *instance = load->instance;
	int status;

	if (show(load)) {
		if (datapath_hook(instance->config.name, instance->link.index) != HOOK_NONE)
			return 0;
		fprintf(show(load), "# attach nat64_in at TC ingress and nat64_out at TC egress of %s\n",
			instance->link.name);
		return 1;
	}
	if (!load->next.clsact && datapath_adds_clsact(instance->link.index)) {
		load->next.clsact = true;	/* written down before it is done */
		status = record_write(instance->config.name, &load->next);
		if (status)
			return failed(status, "cannot write the record", dir_run());
	}
	status = datapath_attach(instance, &load->next.clsact);
	return status;
}

/* In XDP last of all: what it leaves alone goes on to TC. */
static int step_xdp(struct load *load)
{
	struct instance *instance = load->instance;
	const char *name = instance->config.name;
	struct xdp_look look;
	int error;

	if (!wants_xdp(instance) || load->xdp) {
		if (!show(load) && !load->next.xdp)
			xdp_tidy(false);
		return 0;
	}
	if (load->options->lenient &&
	    (!instance->l2 || xdp_look(name, instance->link.index, instance->config.xdp, &look) || look.taken))
		return 0;	/* status tells of it */
	if (show(load)) {
		fprintf(show(load), "# attach nat64_xdp in XDP (%s) of %s\n", xdp_words[instance->config.xdp],
			instance->link.name);
		return 1;
	}
	load->next.xdp = xdp_version();		/* written down before it is done */
	error = record_write(name, &load->next);
	if (error)
		return failed(error, "cannot write the record", dir_run());
	if (!xdp_attach(instance, load->next.xdp_alone, sizeof(load->next.xdp_alone)))
		return 1;
	load->next.xdp = 0;
	xdp_tidy(false);
	return load->options->lenient ? 0 : -1;
}

static int (*const steps[])(struct load *) = {
	step_record, step_forwarding, step_move, step_xdp_off, step_programs, step_outside, step_nft, step_address,
	step_neighbour, step_routes, step_attach, step_xdp,
};

/* Bindings of the running instance, for maps that must be made anew. */
static int keep_bindings(struct load *load)
{
	struct bindings bindings;
	struct nat64_config config;
	int error;

	if (datapath_read_config(load->instance->config.name, &config))
		return 0;	/* of another version, or damaged: the state file has them */
	if (bindings_open(load->instance->config.name, &bindings))
		return -1;
	error = state_collect(&bindings, false, &load->kept);
	bindings_close(&bindings);
	return error ? failed(error, "cannot read its bindings", load->instance->config.name) : 0;
}

static int run_steps(struct load *load)
{
	int changed = 0;

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		int status = steps[i](load);

		if (status < 0)
			return -1;
		changed |= status;
	}
	return changed;
}

/* As datapath_reusable(), but maps that were not filled are none. */
static int reusable(const struct instance *instance)
{
	return record_half(&instance->record) ? 0 : datapath_reusable(instance);
}

/* Back to what was there before: the running instance with its own settings, or nothing. */
static void roll_back(struct load *load)
{
	const char *name = load->instance->config.name;
	struct load_options options = { .replace = true, .lenient = true };
	struct instance old = {};
	struct load again = { .instance = &old, .options = &options };
	bool ok = false;

	if (load->has_before) {
		old.config = load->before;
		old.running = true;
		load->has_before = false;
		ok = !instance_derive(&old);
		if (ok) {
			record_read(name, &old.record);
			again.reusable = reusable(&old);
			/* The pinned configuration is taken away first: where the old one is there, so are its maps
			 * and programs. To load them again might fail as the new ones did. */
			if (load->reusable == -EEXIST && datapath_reusable(&old) == 1) {
				again.reusable = 1;
				old.record.program = load->instance->record.program;
			}
			again.kept = load->kept;
			ok = run_steps(&again) >= 0 && !record_write(name, &again.next) &&
			     !instance_remember(&old);
		}
		record_free(&again.next);
		instance_free(&old);
	}
	if (!ok)
		instance_down(name, NULL);
}

int instance_up(struct instance *instance, const struct load_options *options)
{
	struct load load = { .instance = instance, .options = options };
	const char *name = instance->config.name;
	char path[PATH_MAX];
	int changed, error;

	load.reusable = reusable(instance);
	if (load.reusable == -EEXIST && !options->replace)
		return log_fail(EXIT_FAILED, "pool, prefix or mapping differ from those of the running instance",
				"add --replace: bindings that still fit are kept, flows of the others end",
				"%s: such a change needs --replace", name);
	if (load.reusable != 1 && load.reusable != 0 && keep_bindings(&load))
		return -1;
	if (instance->running && !options->show && !access(path_run(path, name, "conf"), F_OK)) {
		config_default(&load.before, name);
		load.has_before = true;
		if (config_read(&load.before, path)) {
			config_free(&load.before);
			load.has_before = false;
		}
	}
	changed = run_steps(&load);
	if (changed >= 0 && !options->show) {
		error = record_write(name, &load.next);
		if (!error)
			error = instance_remember(instance);
		if (error)
			changed = failed(error, "cannot write the record", dir_run());
	}
	if (changed < 0 && !options->show)
		roll_back(&load);
	if (load.has_before)
		config_free(&load.before);
	saved_list_free(&load.kept);
	record_free(&load.next);
	return changed;
}
