/* SPDX-License-Identifier: GPL-2.0-only */
/* doctor: do the resolvers do DNS64 with the prefix of the instance? The question is AAAA
 * ipv4only.arpa (RFC 7050). A resolver without DNS64 has no such record, as that name has IPv4
 * addresses only, 192.0.0.170 and 192.0.0.171 (RFC 8880). */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "doctor.h"
#include "text.h"

#define TRIES	    2
#define WAIT_MS	    1500 /* for an answer, each time */
#define PACKET	    1232 /* bytes of a message by UDP */
#define RESOLV_CONF "/etc/resolv.conf"

/* RFC 6052, 2.2: where the IPv4 address is in one under a prefix of LEN bits; byte 8 is left out.
 */
static void extract(const struct in6_addr *addr, uint8_t len, uint8_t four[4])
{
	for (int i = 0, at = len / 8; i < 4; i++, at++) {
		if (at == 8)
			at++;
		four[i] = addr->s6_addr[at];
	}
}

/* The prefix under which an answer has one of the two addresses. False: it has neither. */
static bool prefix_of(const struct in6_addr *addr, struct net6 *prefix)
{
	static const uint8_t lengths[] = { 96, 64, 56, 48, 40, 32 };

	for (size_t i = 0; i < sizeof(lengths); i++) {
		struct in6_addr mask = mask6(lengths[i]);
		uint8_t four[4];

		extract(addr, lengths[i], four);
		if (four[0] != 192 || four[1] || four[2] || (four[3] != 170 && four[3] != 171))
			continue;
		prefix->len = lengths[i];
		for (int b = 0; b < 16; b++)
			prefix->addr.s6_addr[b] = addr->s6_addr[b] & mask.s6_addr[b];
		return true;
	}
	return false;
}

/* What a message says. False: it is no answer to the question. */
static bool read_answer(const uint8_t *message, int len, uint16_t id, struct resolver *resolver)
{
	ns_msg parsed;
	ns_rr record;

	if (ns_initparse(message, len, &parsed) || ns_msg_id(parsed) != id ||
	    !ns_msg_getflag(parsed, ns_f_qr))
		return false;
	resolver->state = RESOLVER_PLAIN;
	for (int i = 0; i < ns_msg_count(parsed, ns_s_an); i++) {
		struct in6_addr addr;

		if (ns_parserr(&parsed, ns_s_an, i, &record) || ns_rr_type(record) != ns_t_aaaa ||
		    ns_rr_rdlen(record) != sizeof(addr))
			continue;
		memcpy(&addr, ns_rr_rdata(record), sizeof(addr));
		if (prefix_of(&addr, &resolver->prefix))
			resolver->state = RESOLVER_DNS64;
	}
	return true;
}

/* Sends the question on a connected socket and waits for the answer. */
static void exchange(int fd, const uint8_t *question, int len, struct resolver *resolver)
{
	uint16_t id = ns_get16(question);

	for (int i = 0; i < TRIES; i++) {
		struct pollfd wait = { fd, POLLIN, 0 };
		uint8_t message[PACKET];
		ssize_t n = send(fd, question, len, 0);

		if (n == len && poll(&wait, 1, WAIT_MS) > 0)
			n = recv(fd, message, sizeof(message), MSG_DONTWAIT);
		else if (n == len)
			continue;
		if (n < 0) {
			resolver->state = RESOLVER_CLOSED;
			resolver->error = errno;
			return;
		}
		if (n > 0 && read_answer(message, (int)n, id, resolver))
			return;
	}
}

static void ask(struct resolver *resolver)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = SOCK_DGRAM },
			*to = NULL;
	struct __res_state state = { .options = RES_INIT | RES_RECURSE };
	uint8_t question[NS_PACKETSZ];
	_close_ int fd = -1;
	int len;

	resolver->state = RESOLVER_SILENT;
	len = res_nmkquery(&state, ns_o_query, "ipv4only.arpa", ns_c_in, ns_t_aaaa, NULL, 0, NULL,
			   question, sizeof(question));
	if (len <= 0 || getaddrinfo(resolver->text, "53", &hints, &to)) {
		resolver->state = RESOLVER_CLOSED;
		resolver->error = EINVAL;
		return;
	}
	fd = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connect(fd, to->ai_addr, to->ai_addrlen)) {
		exchange(fd, question, len, resolver);
	} else {
		resolver->state = RESOLVER_CLOSED;
		resolver->error = errno;
	}
	freeaddrinfo(to);
}

/* Those of resolv.conf, asked once however many instances there are. */
static void read_resolvers(struct doctor *d)
{
	char line[256], text[RESOLVER_TEXT];
	FILE *file;

	if (d->resolvers_read)
		return;
	d->resolvers_read = true;
	file = fopen(RESOLV_CONF, "re");
	if (!file) {
		d->resolvers_error = errno;
		return;
	}
	while (fgets(line, sizeof(line), file) && d->resolver_count < RESOLVERS_MAX - 1) {
		if (sscanf(line, "nameserver %61s", text) != 1)
			continue;
		snprintf(d->resolvers[d->resolver_count].text, RESOLVER_TEXT, "%s", text);
		ask(&d->resolvers[d->resolver_count++]);
	}
	fclose(file);
}

static bool serves(const struct resolver *resolver, const struct net6 *prefix)
{
	return resolver->state == RESOLVER_DNS64 && resolver->prefix.len == prefix->len &&
	       !memcmp(&resolver->prefix.addr, &prefix->addr, sizeof(prefix->addr));
}

static void tell(struct doctor *d, const struct resolver *resolver, const struct net6 *prefix,
		 bool other)
{
	static const char reach[] =
		"check that it runs and is reachable, or name another in " RESOLV_CONF;
	char text[NET6_TEXT], wrong[NET6_TEXT];
	const char *fix =
		textf("give the clients a DNS64 resolver with the prefix %s: docs/guides/dns64.md",
		      net6_text(prefix, text));

	if (serves(resolver, prefix)) {
		doctor_found(d, RESULT_OK, NULL, "%s: DNS64 with %s", resolver->text, text);
		return;
	}
	switch (resolver->state) {
	case RESOLVER_DNS64:
		doctor_found(d, other ? RESULT_WARNING : RESULT_FAILURE,
			     textf("set dns64-prefix: %s there, or prefix = %s here", text,
				   net6_text(&resolver->prefix, wrong)),
			     "%s: DNS64 with the prefix %s, which is not %s: packets to those "
			     "addresses are not translated",
			     resolver->text, wrong, text);
		break;
	case RESOLVER_PLAIN:
		if (other)
			doctor_found(d, RESULT_OK, NULL, "%s: no DNS64; another resolver has it",
				     resolver->text);
		else
			doctor_found(d, RESULT_WARNING, fix,
				     "%s: no DNS64: names of IPv4 servers have no IPv6 address",
				     resolver->text);
		break;
	case RESOLVER_CLOSED:
		doctor_found(d, RESULT_WARNING, reach, "%s: the query failed: %s", resolver->text,
			     strerror(resolver->error));
		break;
	case RESOLVER_SILENT:
		doctor_found(d, RESULT_WARNING, reach, "%s: no reply within %d s", resolver->text,
			     TRIES * WAIT_MS / 1000);
		break;
	}
}

void doctor_dns64(struct doctor *d, const struct instance *instance)
{
	const struct net6 *prefix = &instance->config.prefix;
	struct resolver own = { .state = RESOLVER_CLOSED };
	bool served = false;

	d->topic = "dns64";
	if (d->no_dns) {
		doctor_found(d, RESULT_SKIPPED, NULL, "no resolver was queried (--no-dns)");
		return;
	}
	read_resolvers(d);
	/* the usual place of a DNS64 for the clients: this host, at its address in the VPN */
	if (!addr6_is_zero(&instance->own6)) {
		inet_ntop(AF_INET6, &instance->own6, own.text, sizeof(own.text));
		ask(&own);
	}
	served = serves(&own, prefix);
	for (size_t i = 0; i < d->resolver_count; i++)
		served |= serves(&d->resolvers[i], prefix);
	if (own.state == RESOLVER_DNS64 || own.state == RESOLVER_PLAIN)
		tell(d, &own, prefix, served);
	for (size_t i = 0; i < d->resolver_count; i++)
		tell(d, &d->resolvers[i], prefix, served);
	if (!d->resolver_count)
		doctor_found(d, RESULT_SKIPPED, NULL,
			     d->resolvers_error ? RESOLV_CONF ": %s" :
						  RESOLV_CONF " lists no resolver",
			     strerror(d->resolvers_error));
}
