/* SPDX-License-Identifier: GPL-2.0-only */
/* doctor: other tables' rules that packets of clients must pass. In nftables a packet passes every
 * base chain of a hook, so a chain that drops what it does not accept must accept them. Doctor does
 * not work out what a rule does, only what it may do. */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "doctor.h"
#include "nft_run.h"
#include "text.h"

#define CHAINS_MAX 200 /* beyond, a chain counts as one that may accept */

/* What the rules of a chain have for packets of clients. */
struct chain_look {
	bool drops;	     /* by its policy, or by a rule of its own without a condition */
	bool accepts;	     /* a rule may accept a packet that begins a flow */
	bool named;	     /* one that names the interface or the pool */
	unsigned int chains; /* looked at so far: rules may jump to many, many times */
};

static const char *member(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* Is a text among the values of a rule? A pattern such as "tun*" stands for what it matches. */
static bool holds(const json_t *json, const char *text)
{
	const char *key, *value = json_string_value(json);
	const json_t *part;
	size_t i;

	if (value) {
		size_t len = strlen(value);

		if (len > 1 && value[len - 1] == '*')
			return !strncmp(value, text, len - 1);
		return !strcmp(value, text);
	}
	json_array_foreach(json, i, part) if (holds(part, text)) return true;
	json_object_foreach((json_t *)json, key, part) if (holds(part, text)) return true;
	return false;
}

/* A condition on the state of conntrack that only replies meet. */
static bool answers_only(const json_t *expressions)
{
	return holds(expressions, "state") && holds(expressions, "established") &&
	       !holds(expressions, "new") && !holds(expressions, "!=");
}

static bool names(const json_t *expressions, const struct instance *instance)
{
	const struct config *config = &instance->config;
	char pool[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &config->pool.addr, pool, sizeof(pool));
	return holds(expressions, *instance->link.name ? instance->link.name : config->interface) ||
	       holds(expressions, pool);
}

static void look_at_rules(const json_t *ruleset, const json_t *chain, const char *name,
			  const struct instance *instance, struct chain_look *look);

static void look_at_rule(const json_t *ruleset, const json_t *chain, const json_t *rule,
			 const struct instance *instance, struct chain_look *look)
{
	static const char *const verdicts[] = { "accept", "queue", "vmap", "xt" };
	const json_t *expressions = json_object_get(rule, "expr"), *expression, *jump;
	struct chain_look mine = { .chains = look->chains };
	bool drops = false, condition = false;
	size_t i, v;

	json_array_foreach(expressions, i, expression)
	{
		for (v = 0; v < sizeof(verdicts) / sizeof(*verdicts); v++)
			mine.accepts |= json_object_get(expression, verdicts[v]) != NULL;
		jump = json_object_get(expression, "jump");
		if (!jump)
			jump = json_object_get(expression, "goto");
		if (jump)
			look_at_rules(ruleset, chain, member(jump, "target"), instance, &mine);
		if (json_object_get(expression, "drop") || json_object_get(expression, "reject"))
			drops = true;
		else if (!json_object_get(expression, "counter") &&
			 !json_object_get(expression, "log"))
			condition = true;
	}
	look->chains = mine.chains;
	look->drops |= drops && !condition;
	if (!mine.accepts || answers_only(expressions))
		return;
	look->accepts = true;
	look->named |= mine.named || names(expressions, instance);
}

/* The rules of chain NAME, in the table of CHAIN, and of those it jumps to. */
static void look_at_rules(const json_t *ruleset, const json_t *chain, const char *name,
			  const struct instance *instance, struct chain_look *look)
{
	const json_t *item, *rule;
	size_t i;

	if (look->chains++ >= CHAINS_MAX) {
		look->accepts = true;
		return;
	}
	json_array_foreach(json_object_get(ruleset, "nftables"), i, item)
	{
		rule = json_object_get(item, "rule");
		if (rule && !strcmp(member(rule, "chain"), name) &&
		    !strcmp(member(rule, "table"), member(chain, "table")) &&
		    !strcmp(member(rule, "family"), member(chain, "family")))
			look_at_rule(ruleset, chain, rule, instance, look);
	}
}

/* May a name be pasted into a command? */
static bool harmless(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_.-", *c))
			return false;
	return *name;
}

static const char *fix_for(const json_t *chain, const struct instance *instance)
{
	const char *name = *instance->link.name ? instance->link.name : instance->config.interface;
	const char *where;
	char pool[NET4_TEXT];

	net4_text(&instance->config.pool, pool);
	if (!harmless(member(chain, "table")) || !harmless(member(chain, "name")) ||
	    !harmless(name))
		return textf("accept packets from the VPN interface with a source in %s, and the "
			     "replies",
			     pool);
	where = textf("%s %s %s", member(chain, "family"), member(chain, "table"),
		      member(chain, "name"));
	return textf("nft insert rule %s iifname %s ip saddr %s accept; nft insert rule %s oifname "
		     "%s ct state "
		     "established,related accept",
		     where, name, pool, where, name);
}

static void look_at_chain(struct doctor *d, const json_t *chain, const struct instance *instance)
{
	struct chain_look look = { .drops = !strcmp(member(chain, "policy"), "drop") };
	const char *words = textf("chain %s of table %s %s", member(chain, "name"),
				  member(chain, "family"), member(chain, "table"));

	look_at_rules(d->ruleset, chain, member(chain, "name"), instance, &look);
	if (!look.drops)
		return;
	if (look.named)
		doctor_found(d, RESULT_OK, NULL,
			     "%s drops what it does not accept, and has a rule for the VPN", words);
	else if (look.accepts)
		doctor_found(d, RESULT_WARNING, fix_for(chain, instance),
			     "%s drops what it does not accept, and none of its rules names the "
			     "VPN: check that they accept "
			     "clients' packets",
			     words);
	else
		doctor_found(d, RESULT_FAILURE, fix_for(chain, instance),
			     "%s drops all packets of clients", words);
}

void doctor_firewall(struct doctor *d, const struct instance *instance)
{
	size_t before = d->count, i;
	const json_t *item, *chain;

	d->topic = "firewall";
	if (!d->ruleset) {
		doctor_found(d, RESULT_SKIPPED, NULL, "other tables' rules cannot be read");
		return;
	}
	json_array_foreach(json_object_get(d->ruleset, "nftables"), i, item)
	{
		chain = json_object_get(item, "chain");
		if (strcmp(member(chain, "hook"), "forward") ||
		    !strncmp(member(chain, "table"), TABLE_PREFIX, strlen(TABLE_PREFIX)))
			continue;
		if (!strcmp(member(chain, "family"), "ip") ||
		    !strcmp(member(chain, "family"), "inet"))
			look_at_chain(d, chain, instance);
	}
	if (d->count == before)
		doctor_found(d, RESULT_OK, NULL,
			     "no forward chain of another table drops what it does not accept");
}
