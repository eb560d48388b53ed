/* SPDX-License-Identifier: GPL-2.0-only */
/* A table that its socket owns, by nfnetlink: `flush ruleset` of others leaves it alone.
 * libnftables keeps its socket to itself and calls exit() at will, so these few messages are made
 * here. */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "netlink.h"
#include "netlink_req.h"

#define CHAIN	    "post"
#define PRIORITY    102	 /* srcnat + 2: behind the NAT and the guards of the instance's own table */
#define BATCH_LEN   2048 /* bytes: a rule takes about 600 */
#define IP4_SOURCE  12	 /* offset in the IPv4 header, bytes */
#define LOOPBACK    1	 /* ifindex of lo in every namespace */
#define ANSWER_WAIT 5	 /* seconds */

/* A transaction: messages one behind the other. */
struct batch {
	char room[BATCH_LEN];
	size_t len;
	uint32_t asked; /* acknowledgements to come */
};

static struct nlmsghdr *message(struct batch *batch, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *head = mnl_nlmsg_put_header(batch->room + batch->len);
	struct nfgenmsg *family = mnl_nlmsg_put_extra_header(head, sizeof(*family));
	bool frame = type == NFNL_MSG_BATCH_BEGIN || type == NFNL_MSG_BATCH_END;

	head->nlmsg_type = frame ? type : NFNL_SUBSYS_NFTABLES << 8 | type;
	head->nlmsg_flags = NLM_F_REQUEST | flags;
	head->nlmsg_seq = 1;
	family->nfgen_family = frame ? AF_UNSPEC : NFPROTO_INET;
	family->res_id = frame ? htons(NFNL_SUBSYS_NFTABLES) : 0;
	batch->asked += !!(flags & NLM_F_ACK);
	return head;
}

static void close_message(struct batch *batch, const struct nlmsghdr *head)
{
	batch->len += MNL_ALIGN(head->nlmsg_len);
}

/* Sends the batch and waits for its acknowledgements. 0 or -errno. */
static int commit(int fd, struct batch *batch)
{
	char answer[BATCH_LEN];

	close_message(batch, message(batch, NFNL_MSG_BATCH_END, 0));
	if (send(fd, batch->room, batch->len, 0) < 0)
		return -errno;
	while (batch->asked) {
		ssize_t len = recv(fd, answer, sizeof(answer), 0);
		int left = len;

		if (len < 0 && errno != EINTR)
			return -errno;
		for (const struct nlmsghdr *head = (void *)answer; mnl_nlmsg_ok(head, left);
		     head = mnl_nlmsg_next(head, &left)) {
			const struct nlmsgerr *error = mnl_nlmsg_get_payload(head);

			if (head->nlmsg_type == NLMSG_ERROR && error->error)
				return error->error;
			batch->asked -= head->nlmsg_type == NLMSG_ERROR;
		}
	}
	return 0;
}

static void batch_begin(struct batch *batch)
{
	*batch = (struct batch){};
	close_message(batch, message(batch, NFNL_MSG_BATCH_BEGIN, 0));
}

/* An expression of a rule; expression_end() closes the three nests. */
struct expression {
	struct nlattr *item, *data;
};

static struct expression expression_begin(struct nlmsghdr *head, const char *name)
{
	struct expression e = { .item = mnl_attr_nest_start(head, NFTA_LIST_ELEM) };

	mnl_attr_put_strz(head, NFTA_EXPR_NAME, name);
	e.data = mnl_attr_nest_start(head, NFTA_EXPR_DATA);
	return e;
}

static void expression_end(struct nlmsghdr *head, struct expression e)
{
	mnl_attr_nest_end(head, e.data);
	mnl_attr_nest_end(head, e.item);
}

static void put32(struct nlmsghdr *head, uint16_t type, uint32_t value)
{
	mnl_attr_put_u32(head, type, htonl(value));
}

static void put_value(struct nlmsghdr *head, uint16_t type, const void *value, size_t len)
{
	struct nlattr *nest = mnl_attr_nest_start(head, type);

	mnl_attr_put(head, NFTA_DATA_VALUE, len, value);
	mnl_attr_nest_end(head, nest);
}

/* `ct` and `meta` into register 1: their attributes for register and key have the same numbers. */
static void put_load(struct nlmsghdr *head, const char *name, uint32_t key)
{
	struct expression e = expression_begin(head, name);

	_Static_assert((int)NFTA_CT_DREG == (int)NFTA_META_DREG &&
			       (int)NFTA_CT_KEY == (int)NFTA_META_KEY,
		       "ct and meta");
	put32(head, NFTA_META_DREG, NFT_REG_1);
	put32(head, NFTA_META_KEY, key);
	expression_end(head, e);
}

static void compare(struct nlmsghdr *head, enum nft_cmp_ops op, const void *value, size_t len)
{
	struct expression e = expression_begin(head, "cmp");

	put32(head, NFTA_CMP_SREG, NFT_REG_1);
	put32(head, NFTA_CMP_OP, op);
	put_value(head, NFTA_CMP_DATA, value, len);
	expression_end(head, e);
}

/* The IPv4 source, without the host bits of NET, into register 1. */
static void load_source(struct nlmsghdr *head, const struct net4 *net)
{
	struct in_addr mask = mask4(net->len), zero = {};
	struct expression e = expression_begin(head, "payload");

	put32(head, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put32(head, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	put32(head, NFTA_PAYLOAD_OFFSET, IP4_SOURCE);
	put32(head, NFTA_PAYLOAD_LEN, sizeof(mask));
	expression_end(head, e);

	e = expression_begin(head, "bitwise");
	put32(head, NFTA_BITWISE_SREG, NFT_REG_1);
	put32(head, NFTA_BITWISE_DREG, NFT_REG_1);
	put32(head, NFTA_BITWISE_LEN, sizeof(mask));
	put_value(head, NFTA_BITWISE_MASK, &mask, sizeof(mask));
	put_value(head, NFTA_BITWISE_XOR, &zero, sizeof(zero));
	expression_end(head, e);
}

static void drop(struct nlmsghdr *head)
{
	struct expression e = expression_begin(head, "immediate");
	struct nlattr *data, *verdict;

	put32(head, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = mnl_attr_nest_start(head, NFTA_IMMEDIATE_DATA);
	verdict = mnl_attr_nest_start(head, NFTA_DATA_VERDICT);
	put32(head, NFTA_VERDICT_CODE, NF_DROP);
	mnl_attr_nest_end(head, verdict);
	mnl_attr_nest_end(head, data);
	expression_end(head, e);
}

static int add_chain(int fd, const char *table)
{
	struct nlmsghdr *head;
	struct nlattr *hook;
	struct batch batch;

	batch_begin(&batch);
	head = message(&batch, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_ACK);
	mnl_attr_put_strz(head, NFTA_TABLE_NAME, table);
	put32(head, NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
	close_message(&batch, head);

	head = message(&batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_ACK);
	mnl_attr_put_strz(head, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(head, NFTA_CHAIN_NAME, CHAIN);
	mnl_attr_put_strz(head, NFTA_CHAIN_TYPE, "nat");
	hook = mnl_attr_nest_start(head, NFTA_CHAIN_HOOK);
	put32(head, NFTA_HOOK_HOOKNUM, NF_INET_POST_ROUTING);
	put32(head, NFTA_HOOK_PRIORITY, PRIORITY);
	mnl_attr_nest_end(head, hook);
	close_message(&batch, head);
	return commit(fd, &batch);
}

/* ct status, of any value: needs conntrack. Then: IPv4, from NET, not by lo or VPN: drop. */
static int add_rule(int fd, const char *table, const struct net4 *net, uint32_t vpn)
{
	const uint32_t inside[] = { LOOPBACK, vpn };
	const uint8_t ipv4 = NFPROTO_IPV4;
	struct nlmsghdr *head;
	struct nlattr *list;
	struct batch batch;

	batch_begin(&batch);
	head = message(&batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK);
	mnl_attr_put_strz(head, NFTA_RULE_TABLE, table);
	mnl_attr_put_strz(head, NFTA_RULE_CHAIN, CHAIN);
	list = mnl_attr_nest_start(head, NFTA_RULE_EXPRESSIONS);
	put_load(head, "ct", NFT_CT_STATUS);
	put_load(head, "meta", NFT_META_NFPROTO);
	compare(head, NFT_CMP_EQ, &ipv4, sizeof(ipv4));
	load_source(head, net);
	compare(head, NFT_CMP_EQ, &net->addr, sizeof(net->addr));
	for (size_t i = 0; i < 2; i++) {
		put_load(head, "meta", NFT_META_OIF);
		compare(head, NFT_CMP_NEQ, &inside[i], sizeof(inside[i]));
	}
	drop(head);
	mnl_attr_nest_end(head, list);
	close_message(&batch, head);
	return commit(fd, &batch);
}

int nl_hold(const char *table, uint32_t vpn, const struct net4 *sources, size_t count)
{
	const struct timeval wait = { .tv_sec = ANSWER_WAIT };
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER), error = 0;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) ||
	    connect(fd, (const void *)&kernel, sizeof(kernel)))
		error = -errno;
	if (!error)
		error = add_chain(fd, table);
	for (size_t i = 0; i < count && !error; i++)
		error = add_rule(fd, table, &sources[i], vpn);
	if (!error)
		return fd;
	close(fd);
	return error;
}
