#include "scanner/cli/shard_option.h"

static uint32_t at_once(const struct scan_params *p)
{
    return p->shards_at_once > 0 ? p->shards_at_once : p->shards;
}

static void divide(uint32_t *limit, uint32_t by)
{
    if (*limit > 0) { /* else there is none */
        *limit = *limit > by ? *limit / by : 1;
    }
}

bool shard_option_apply(struct scan_params *p, bool given, struct buf *why)
{
    if (p->shards == 1 && given) {
        buf_put_text(why, "--shard needs --shards: of how many it is");
    } else if (p->shards > 1 && !given) {
        buf_putf(why, "--shards %u needs --shard: which of them this scan is, from 0 to %u",
                 p->shards, p->shards - 1);
    } else if (p->shard >= p->shards) {
        buf_putf(why, "--shard %u is not there with --shards %u: the last one is %u", p->shard,
                 p->shards, p->shards - 1);
    } else if (p->shards_at_once > p->shards) {
        buf_putf(why, "--shards-at-once %u is more than --shards %u", p->shards_at_once, p->shards);
    }
    if (why->len > 0) {
        return false;
    }
    uint32_t by = at_once(p);
    p->address_rate /= by;
    divide(&p->dns_rate, by);
    divide(&p->address_limit, by);
    divide(&p->network_limit, by);
    divide(&p->operator_limit, by);
    return true;
}

/* 0: none */
static void put_limit(struct buf *line, const char *of, uint32_t limit)
{
    if (limit > 0) {
        buf_putf(line, ", %u at once for %s", limit, of);
    }
}

bool shard_option_put(const struct scan_params *p, struct buf *line)
{
    if (p->shards <= 1) {
        return false;
    }
    buf_putf(line, "shard %u of 0 to %u; its part of the limits: sessions", p->shard,
             p->shards - 1);
    if (p->address_rate > 0) {
        buf_putf(line, " begin every %.*f s at an address", 1 / p->address_rate < 10 ? 2 : 0,
                 1 / p->address_rate);
    } else {
        buf_put_text(line, " without a rate");
    }
    put_limit(line, "an address", p->address_limit);
    put_limit(line, "a network", p->network_limit);
    put_limit(line, "an operator", p->operator_limit);
    if (p->dns_rate > 0) {
        buf_putf(line, "; of DNS %u question%s a second", p->dns_rate, p->dns_rate == 1 ? "" : "s");
    }
    if (p->address_limit == 1 && at_once(p) > 1) {
        buf_putf(line,
                 ". Shards do not know of each other: %u that run at the same time may meet at an "
                 "address",
                 at_once(p));
    }
    return true;
}
