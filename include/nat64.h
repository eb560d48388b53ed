/* SPDX-License-Identifier: GPL-2.0-only */
/* The ABI between the BPF programs and user space: settings, map keys and values, counters, drop
 * reasons. Types only. A change of any size or meaning here needs a new NAT64_ABI. */
#pragma once

#include <linux/in6.h>
#include <linux/types.h>

#define NAT64_ABI	   2	/* the loader refuses pinned maps of another number */
#define NAT64_MIN_MTU	   1280 /* RFC 8200, 5: an interface below has no IPv6 */
#define NAT64_POOL_MIN_LEN 12	/* pool prefix lengths: /12 .. /30 */
#define NAT64_POOL_MAX_LEN 30
#define NAT64_CLIENTS_MAX  16	/* `clients` networks of an instance */
#define NAT64_PRIVATE_MAX  32	/* allowed prefixes of `private` */
#define NAT64_EXTERN_MAX   4096 /* static maps whose IPv4 address lies outside the pool */
#define NAT64_SCRATCH_LEN  2048 /* bytes of an ICMP error that are looked at */
#define NAT64_EVENT_RATE   100	/* sampled drops per second and CPU that become events */
/* Bytes of nat64_events as shipped; a power of two, of whole pages. */
#define NAT64_EVENTS_SIZE  (1 << 18)

/* Why a packet was dropped: the enum, the words of `status` and the JSON keys, the sentence of
 * `stats --explain`. Every dropped packet counts under exactly one. */
/* clang-format off */
#define NAT64_DROPS(X) \
	X(MALFORMED, "malformed", \
	  "lengths, version or header chain contradict the packet (RFC 8200, RFC 791)") \
	X(ILLEGAL_SOURCE, "illegal-source", \
	  "source is unspecified, loopback, multicast, link-local or otherwise invalid (RFC 7915 4.1, 5.1)") \
	X(PREFIX_SOURCE, "prefix-source", \
	  "client uses a source inside the prefix: a hairpin loop (RFC 6146 3.5)") \
	X(OWN_SOURCE, "own-source", \
	  "client uses the translator's own IPv6 address (own6) as source") \
	X(SPOOFED_SOURCE, "spoofed-source", \
	  "source lies outside `clients` and has no static map (RFC 2827)") \
	X(MARTIAN_DESTINATION, "martian-destination", \
	  "destination is 0/8, 127/8, 169.254/16, 224/4 or 255.255.255.255 and can never be reached") \
	X(PRIVATE_DESTINATION, "private-destination", \
	  "destination is not a global IPv4 address (RFC 6052 3.1); see `private` in nat64-bpf.conf(5)") \
	X(POOL_DESTINATION, "pool-destination", \
	  "destination is an address of the pool, another client; see `hairpin` in nat64-bpf.conf(5)") \
	X(PRIVATE_SOURCE, "private-source", \
	  "source is not a global IPv4 address (RFC 6052 3.1); see `private` in nat64-bpf.conf(5)") \
	X(POOL_SOURCE, "pool-source", \
	  "IPv4 source is an address of the pool: another client (see `hairpin`), or not translated") \
	X(NO_BINDING, "no-binding", \
	  "IPv4 packet for a pool address that no client holds") \
	X(POOL_FULL, "pool-full", \
	  "no pool address is free for a new client; enlarge `pool` or shorten `min-lease`") \
	X(QUOTA, "quota", \
	  "the client's network holds as many bindings as `quota` allows") \
	X(LINEAR_RANGE, "linear-range", \
	  "mapping = linear: the client's number is reserved or beyond the pool") \
	X(SEGMENTS_LEFT, "segments-left", \
	  "Routing header with Segments Left other than 0 (RFC 7915 5.1)") \
	X(HEADER_CHAIN, "header-chain", \
	  "more than 16 extension headers or 1024 bytes of them (RFC 8504 5.3)") \
	X(FRAGMENT_CHAIN, "fragment-chain", \
	  "extension header behind a Fragment Header (RFC 7915 5.1.1)") \
	X(FRAGMENTED_ICMP, "fragmented-icmp", \
	  "fragmented ICMP has no translation (RFC 7915 1.2)") \
	X(SHORT_TRANSPORT, "short-transport", \
	  "transport header is truncated, in a fragment or a whole packet (RFC 1858)") \
	X(SOURCE_ROUTE, "source-route", \
	  "IPv4 source route with hops left (RFC 7915 4.1)") \
	X(IPV6_PROTOCOL, "ipv6-protocol", \
	  "IPv4 packet with a protocol number that is an IPv6 extension header or ICMPv6") \
	X(IPV4_PROTOCOL, "ipv4-protocol", \
	  "IPv6 packet whose Next Header is ICMPv4") \
	X(IGMP, "igmp", \
	  "IGMP has no translation (RFC 7915 4.2)") \
	X(UDP_ZERO_CHECKSUM, "udp-zero-checksum", \
	  "UDP without a checksum; see `udp-zero-checksum` in nat64-bpf.conf(5)") \
	X(UDP_ZERO_FRAGMENT, "udp-zero-fragment", \
	  "first fragment of a UDP datagram without a checksum, which cannot be computed (RFC 7915 4.5)") \
	X(ICMP_TYPE, "icmp-type", \
	  "ICMP type that has no translation (RFC 7915 4.2, 5.2)") \
	X(ICMP_CODE, "icmp-code", \
	  "ICMP code that has no translation (RFC 7915 4.2, 5.2)") \
	X(ICMP_POINTER, "icmp-pointer", \
	  "Parameter Problem pointer that has no translation (RFC 7915, figures 3 and 6)") \
	X(ICMP_MTU, "icmp-mtu", \
	  "Packet Too Big with an MTU below 88, too small for any packet") \
	X(ICMP_CHECKSUM, "icmp-checksum", \
	  "ICMP error with a wrong checksum (RFC 5508 REQ-3)") \
	X(ICMP_EXTENSION, "icmp-extension", \
	  "RFC 4884 Length attribute beyond the message") \
	X(QUOTE_MALFORMED, "quote-malformed", \
	  "ICMP error whose quoted packet is truncated, of the wrong version or malformed") \
	X(QUOTE_NESTED, "quote-nested", \
	  "ICMP error about an ICMP error (RFC 7915 4.3, 5.3)") \
	X(QUOTE_TYPE, "quote-type", \
	  "ICMP error about an ICMP message that has no translation") \
	X(QUOTE_FOREIGN, "quote-foreign", \
	  "ICMP error about a packet that belongs to no translated flow (RFC 5508 REQ-4)") \
	X(QUOTE_PRIVATE, "quote-private", \
	  "ICMP error about a packet with a non-global IPv4 address; see `private`") \
	X(TOO_BIG, "too-big", \
	  "IPv6 packet would exceed the MTU of the interface; see `mtu` in nat64-bpf.conf(5)") \
	X(UNREADABLE, "unreadable", \
	  "the kernel could not make the packet's headers readable") \
	X(RESIZE_FAILED, "resize-failed", \
	  "the kernel could not make the packet shorter or longer")

enum nat64_drop {
	NAT64_DROP_NONE,
#define X(name, word, text) NAT64_DROP_##name,
	NAT64_DROPS(X)
#undef X
	NAT64_DROP_MAX
};
/* clang-format on */

/* Counters that are not drops. in64, out46: translated packets, bytes of the IPv6 side from the IP
 * header on (a GSO packet once). The others count packets only. */
/* clang-format off */
#define NAT64_COUNTS(X) \
	X(IN64,		"in64",			"translated from IPv6 to IPv4") \
	X(OUT46,	"out46",		"translated from IPv4 to IPv6") \
	X(ICMP_ERRORS,	"icmp-errors",		"ICMPv6 errors sent to clients by the translator itself") \
	X(ERRORS_LIMITED, "icmp-errors-limited", "ICMPv6 errors not sent because of the rate limit") \
	X(BINDINGS,	"bindings-made",	"dynamic bindings made") \
	X(RECLAIMED,	"bindings-reclaimed",	"dynamic bindings reassigned from an idle client to a new one") \
	X(EXPIRED,	"bindings-expired",	"dynamic bindings removed after `max-lease`") \
	X(EVENTS_LOST,	"events-lost",		"events lost because the ring buffer was full") \
	X(MSS_CLAMPED,	"mss-clamped",		"TCP SYN segments whose MSS option was lowered") \
	X(UDP_COMPUTED,	"udp-checksum-computed", "UDP datagrams without a checksum for which one was computed")

enum nat64_count {
#define X(name, word, text) NAT64_COUNT_##name,
	NAT64_COUNTS(X)
#undef X
	NAT64_COUNT_MAX
};
/* clang-format on */

#define NAT64_COUNTERS (NAT64_COUNT_MAX + NAT64_DROP_MAX)

/* Value of nat64_counters, a PERCPU_ARRAY of NAT64_COUNTERS entries; index: enum nat64_count, or
 * NAT64_COUNT_MAX + enum nat64_drop. Written by the programs only. */
struct nat64_counter {
	__u64 packets;
	__u64 bytes;
};

enum nat64_flags {
	NAT64_PRIVATE_ALLOW = 1 << 0, /* non-global IPv4 addresses under the well-known prefix */
	NAT64_WELL_KNOWN = 1 << 1,    /* prefix is 64:ff9b::/96: `private` applies */
	NAT64_HAIRPIN_ALLOW = 1 << 2,
	NAT64_HOST_ALLOW = 1 << 3,
	NAT64_LINEAR = 1 << 4,
	NAT64_TOS_64_FIXED = 1 << 5, /* TOS of IPv4 packets is tos_64 */
	NAT64_TOS_46_ZERO = 1 << 6,  /* Traffic Class of IPv6 packets is 0 */
	NAT64_FLOWTABLE = 1 << 7,    /* the fast path is on: replies make a binding REPLIED */
	NAT64_ECHO_SILENT = 1 << 8,  /* no ICMPv6 error about an echo request that is refused */
};

enum nat64_udp_zero {
	NAT64_UDP_ZERO_COMPUTE,
	NAT64_UDP_ZERO_DROP,
	NAT64_UDP_ZERO_FORWARD,
};

struct nat64_net6 {
	struct in6_addr addr; /* network order, host bits 0 */
	struct in6_addr mask; /* network order */
} __attribute__((aligned(8)));

struct nat64_net4 {
	__be32 addr; /* host bits 0 */
	__be32 mask;
};

/* Value 0 of nat64_config, an ARRAY of one. Written by the loader, read by the programs. */
struct nat64_config {
	__u32 abi;		  /* NAT64_ABI */
	__u32 flags;		  /* enum nat64_flags */
	struct nat64_net6 prefix; /* mask: prefix_len ones; bits behind are 0 */
	struct in6_addr own6;	  /* source of own ICMPv6 errors; stands for own4 in ICMP errors */
	__u32 prefix_len;	  /* bits: 32, 40, 48, 56, 64 or 96 (RFC 6052, 2.2) */
	__be32 own4;
	__u32 pool_first; /* network address of the pool, host order */
	__u32 pool_size;  /* addresses from pool_first on, a power of two */
	__u32 capacity;	  /* slots of the pool that are not RESERVED: what status calls its size */
	__u32 extern_count; /* entries of nat64_extern; 0 saves the look-up */
	__u32 vpn_mtu;	    /* bytes, IPv6 MTU of the interface; 0: unknown */
	__u32 wan_mtu;	    /* bytes, IPv4 MTU behind the gateway; 0: unknown */
	__u32 mss;	    /* bytes, upper limit of the MSS option; 0: off */
	__u32 icmp_rate;    /* own ICMPv6 errors per second and CPU; 0: none */
	__u32 tos_64;	    /* 0..255, with NAT64_TOS_64_FIXED */
	__u32 udp_zero;	    /* enum nat64_udp_zero */
	__u32 quota;	    /* dynamic bindings per client network; 0: no limit */
	__u32 quota_len;    /* bits of a client network for quota */
	__u32 prefix_csum;  /* of a /96: folded one's complement sum of its address, words as in
			       memory */
	__u32 reserved;
	__u64 min_lease;     /* ns; not given to another client before */
	__u64 fast_lease;    /* ns; the same for a REPLIED binding: 24 h. Set it also while the
			      * fast path is off: bindings may be REPLIED from before */
	__u64 max_lease;     /* ns; forgotten after; the same for a LONG binding */
	__u64 seed[2];	     /* key of the allocation hash: the seed file's bytes */
	__u32 client_count;  /* used entries of client */
	__u32 private_count; /* used entries of private_ok */
	struct nat64_net6 client[NAT64_CLIENTS_MAX];
	struct nat64_net4 private_ok[NAT64_PRIVATE_MAX];
};

enum nat64_slot_state {
	NAT64_SLOT_FREE,    /* with NAT64_LINEAR: bound by arithmetic */
	NAT64_SLOT_CLAIMED, /* being written by the one who swapped it from FREE or DYNAMIC */
	NAT64_SLOT_DYNAMIC,
	NAT64_SLOT_STATIC,
	NAT64_SLOT_RESERVED, /* never given, never translated to: network, broadcast, own4; with
			      * NAT64_LINEAR also the numbers of own6 and of clients with a static
			      * map to another address */
};

enum nat64_slot_flags {
	NAT64_SLOT_REPLIED = 1 << 0, /* has had replies while NAT64_FLOWTABLE was set */
	NAT64_SLOT_LONG = 1 << 1,    /* has had SCTP or DCCP replies (conntrack keeps them days) */
	NAT64_SLOT_CONFIG = 1 << 2,  /* a static map of the settings; user space only */
};

#define NAT64_MAC_UNKNOWN (1ull << 63)

/* Value of nat64_slots, an ARRAY of pool_size + NAT64_EXTERN_MAX entries; index: pool offset, or
 * pool_size + n for the static maps whose address lies outside the pool (found by nat64_extern). It
 * can be mapped into memory (BPF_F_MMAPABLE). Before the programs are attached the loader may write
 * it as it likes; afterwards it reads only, and changes bindings by nat64_control. */
struct nat64_slot {
	struct in6_addr addr6; /* network order */
	__be32 addr4;
	__u32 state;	  /* enum nat64_slot_state; changed by compare-and-swap */
	__u64 last_seen;  /* ns of the boot clock (CLOCK_BOOTTIME), a second exact */
	__u32 seen_tick;  /* low half of jiffies when last_seen was written; programs only */
	__u32 generation; /* counts the owners of this slot */
	__u32 flags;	  /* enum nat64_slot_flags */
	__u16 csum_diff;  /* addr4 - addr6, one's complement sum of 16-bit words as they lie in
			     memory */
	__u16 reserved;
	__u64 mac; /* the client's Ethernet address: 16-bit parts as they lie in memory, the first
		    * one lowest; above them how often one was forgotten (15 bits) and
		    * NAT64_MAC_UNKNOWN. 0: not known either; programs only */
	__u32 mac_tick;	   /* low half of jiffies when mac was seen; programs only */
	__u32 mac_ifindex; /* and on which interface; programs only */
};

/* Value 0 of nat64_alloc, an ARRAY of one: what the allocator shares between CPUs. */
struct nat64_alloc {
	__u32 used;	   /* slots of the pool in state DYNAMIC or STATIC, or on the way there */
	__u32 hand;	   /* next slot to be looked at for reclaim */
	__u64 retry_after; /* ns of the boot clock: no look for an idle slot before */
	__u64 next_due;	   /* ns: earliest end of a lease among the slots looked at in vain */
	__u32 swept;	   /* slots looked at in vain since the last find */
	__u32 making;	   /* CPUs that are at a binding */
};

/* clang-format off */
/* Changes of bindings while the programs run: context of the program nat64_control, type SYSCALL, run
 * by bpf_prog_test_run_opts() with ctx_in and ctx_size_in only; the kernel writes it back. It does the
 * whole step (slot, nat64_clients, nat64_extern, quota, used, event) against allocations on other CPUs.
 *
 *  NAT64_BIND	 addr6, addr4, index, state (DYNAMIC or STATIC), last_seen, flags. Done already: 0; a
 *		 DYNAMIC binding of the same two addresses becomes STATIC.
 *		 -EEXIST: the client holds another address, that of slot `index` (out).
 *		 -EBUSY: another client holds the slot. -EADDRNOTAVAIL: RESERVED, or beyond the map.
 *		 -ENOSPC: nat64_clients or nat64_extern is full.
 *  NAT64_UNBIND index, addr6. -ENOENT: the client does not hold that slot. -EBUSY: it has just changed
 *		 hands.
 *  NAT64_EXPIRE the same for a DYNAMIC binding idle for longer than max_lease; else -EBUSY.
 *  NAT64_FORGET takes nothing: what is known of clients' Ethernet addresses no longer counts. To be done
 *		 after a change of `client` with NAT64_LINEAR, which gives the slots to others.
 */
/* clang-format on */
enum nat64_op {
	NAT64_BIND,
	NAT64_UNBIND,
	NAT64_EXPIRE,
	NAT64_FORGET,
};

struct nat64_request {
	struct in6_addr addr6;
	__be32 addr4;
	__u32 index;	 /* of nat64_slots */
	__u64 last_seen; /* ns of the boot clock */
	__u32 op;	 /* enum nat64_op */
	__u32 state;	 /* enum nat64_slot_state */
	__u32 flags;	 /* enum nat64_slot_flags */
	__s32 result;	 /* out: 0 or -errno */
};

/* Metadata in front of a frame that nat64_xdp has translated, read by nat64_in: there neither a
 * client nor the network can write. */
#define NAT64_MARK 0x6e363478 /* "n64x" */

struct nat64_mark {
	__u32 magic;   /* NAT64_MARK */
	__be32 source; /* of the IPv4 packet */
};

enum nat64_event_kind {
	NAT64_EVENT_MADE,      /* a dynamic binding: client6, pool4 */
	NAT64_EVENT_RECLAIMED, /* taken from client6, idle since last_seen; MADE for pool4 follows
				*/
	NAT64_EVENT_EXPIRED,   /* forgotten after max-lease: client6, pool4, last_seen */
	NAT64_EVENT_RELEASED,  /* by NAT64_UNBIND: client6, pool4, last_seen */
	NAT64_EVENT_REFUSED,   /* no binding for the source: pool-full, quota or linear-range */
	NAT64_EVENT_DROP,      /* another drop */
};

/* Record of nat64_events, a RINGBUF. Every change of a binding is one record; REFUSED and DROP are
 * samples, at most NAT64_EVENT_RATE per second and CPU. What finds the ring full is counted as
 * events-lost; the programs never wait. */
struct nat64_event {
	__u64 time;		 /* ns of the boot clock */
	__u64 last_seen;	 /* ns of the boot clock */
	struct in6_addr client6; /* client; of a drop: IPv6 source, :: for an IPv4 packet */
	struct in6_addr target6; /* of a drop: IPv6 destination, :: for an IPv4 packet */
	__be32 pool4;		 /* pool address; of a dropped IPv4 packet: its destination */
	__be32 remote4;		 /* of a dropped IPv4 packet: its source */
	__u32 kind;		 /* enum nat64_event_kind */
	__u32 reason;		 /* enum nat64_drop */
	__u32 len;		 /* bytes of the dropped packet from the IP header on */
	__be16 sport; /* of a drop, where the protocol has ports and they can be read; else 0 */
	__be16 dport;
	__u8 proto; /* of a drop: Next Header or Protocol of the IP header */
	__u8 is_64; /* of a drop: an IPv6 packet */
	__u8 reserved[6];
};

/* clang-format off */
/*  map			type		key		value
 *  nat64_config	ARRAY		0		struct nat64_config
 *  nat64_slots		ARRAY		index		struct nat64_slot
 *  nat64_clients	HASH		struct in6_addr	__u32 index of nat64_slots
 *  nat64_extern	HASH		__be32 addr4	__u32 index of nat64_slots
 *  nat64_counters	PERCPU_ARRAY	index		struct nat64_counter
 *  nat64_alloc		ARRAY		0		struct nat64_alloc
 *  nat64_quota		HASH		struct in6_addr	__u32 dynamic bindings of that network of quota_len bits
 *  nat64_events	RINGBUF				struct nat64_event
 *  nat64_scratch, nat64_bucket: PERCPU_ARRAY, of no concern to user space
 */
/* clang-format on */

/* Sizes that the loader sets before load: nat64_slots and nat64_clients pool_size +
 * NAT64_EXTERN_MAX, nat64_quota pool_size (it takes memory for used entries only; bindings are
 * counted also while quota is 0, so quota can be changed at any time; for another quota_len it is
 * to be emptied and counted anew); rodata nat64_link_hlen: 14 on Ethernet, else 0. It fills
 * nat64_config, the RESERVED slots, static maps (slot, nat64_clients, nat64_extern where outside)
 * and nat64_alloc.used before it attaches. A restored dynamic binding also counts in nat64_quota;
 * NAT64_BIND does all that, and works before as after. A changed setting is written as a whole
 * value of nat64_config, at any time. */

_Static_assert(sizeof(struct nat64_counter) == 16, "pinned: a change needs a migration");
_Static_assert(sizeof(struct nat64_slot) == 64, "pinned: a change needs a migration");
_Static_assert(sizeof(struct nat64_alloc) == 32, "pinned: a change needs a migration");
_Static_assert(sizeof(struct nat64_config) == 936, "pinned: a change needs a migration");
_Static_assert(sizeof(struct nat64_request) == 48, "context of nat64_control");
_Static_assert(sizeof(struct nat64_event) == 80, "read by programs of another build");
