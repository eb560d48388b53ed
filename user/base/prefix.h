/* SPDX-License-Identifier: GPL-2.0-only */
/* Networks and addresses: text to binary and back, containment, arithmetic. Pure. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net4 {
	struct in_addr addr; /* network order, host bits 0 */
	uint8_t len;	     /* bits */
};

struct net6 {
	struct in6_addr addr; /* network order, host bits 0 */
	uint8_t len;	      /* bits */
};

#define NET4_TEXT (INET_ADDRSTRLEN + 4)
#define NET6_TEXT (INET6_ADDRSTRLEN + 4)

/* Parse ADDR/LEN; without /LEN the whole address. 0, -EINVAL: no address or length; -EDOM: host
 * bits are set, and `net` then is the network that was probably meant. */
int net4_parse(const char *text, struct net4 *net);
int net6_parse(const char *text, struct net6 *net);

/* Into fresh text: `buf` of NET4_TEXT or NET6_TEXT bytes. Returns buf. */
const char *net4_text(const struct net4 *net, char *buf);
const char *net6_text(const struct net6 *net, char *buf);

struct in_addr mask4(uint8_t len); /* network order */
struct in6_addr mask6(uint8_t len);

struct net6 net6_of(const struct in6_addr *addr, uint8_t len); /* the network that holds it */
bool net4_has(const struct net4 *net, struct in_addr addr);
bool net6_has(const struct net6 *net, const struct in6_addr *addr);
bool net4_overlap(const struct net4 *a, const struct net4 *b);
bool net6_overlap(const struct net6 *a, const struct net6 *b);
bool addr6_is_zero(const struct in6_addr *addr);

/* Address number N of a network (0: the network itself). */
struct in_addr net4_host(const struct net4 *net, uint32_t n);
uint32_t net4_size(const struct net4 *net); /* addresses; 0 for /0 */

/* What an IPv4 address is used for. */
enum addr4_use {
	ADDR4_HOST,   /* of a host: own4, source NAT */
	ADDR4_CLIENT, /* of a client: the pool, static maps */
	ADDR4_TARGET, /* that packets go to: what addr4_is_martian() of bpf/addr.h lets through */
};

/* Why an address, or each address of a network, cannot be used so. Static text; NULL: it can. */
const char *addr4_fault(struct in_addr addr, enum addr4_use use);
const char *net4_fault(const struct net4 *net, enum addr4_use use);

/* May PREFIX be a translation prefix? RFC 6052, 2.2: length 32, 40, 48, 56, 64 or 96, bits 64..71
 * zero. NULL: yes; else why not. */
const char *prefix_fault(const struct net6 *prefix);
bool prefix_is_well_known(const struct net6 *prefix); /* 64:ff9b::/96 */

/* A free network of length LEN in private space that overlaps none of TAKEN: the fix for a pool
 * clash. Tries 192.168/16, 172.16/12, 10/8, 100.64/10, 198.18/15. False: there is none. */
bool net4_free(uint8_t len, const struct net4 *taken, size_t count, struct net4 *out);
