#include "scanner/cli/option_readers.h"
#include "scanner/cli/option_value.h"

/** Lists: values separated by commas, of an option that may be given more than once. */

void option_put_item(struct buf *why, struct span item)
{
    buf_put_char(why, '\'');
    buf_put(why, item);
    buf_put_text(why, "' ");
}

bool option_is_full(size_t count, size_t max, struct buf *why)
{
    if (count == max) {
        buf_putf(why, "has more than %zu values", max);
    }
    return count == max;
}

#define DNS_PORT 53 /* RFC 1035 section 4.2 */

/** The items of an option that may be given more than once, each with its list. */
struct item_list {
    void *items;
    size_t size; /* of an item */
    size_t *count;
    size_t max;
    bool (*read)(struct span item, void *to);
    const char *not_one; /* the reason that follows an item that cannot be read */
};

static bool read_items(const char *text, const struct item_list *l, struct buf *why)
{
    struct span list = span_of(text);
    struct span item;
    while (value_next_item(&list, &item)) {
        if (option_is_full(*l->count, l->max, why)) {
            return false;
        }
        if (!l->read(item, (char *)l->items + *l->count * l->size)) {
            option_put_item(why, item);
            buf_put_text(why, l->not_one);
            return false;
        }
        (*l->count)++;
    }
    return true;
}

static bool name_server_of(struct span item, void *to)
{
    return value_read_endpoint(item, DNS_PORT, to);
}

static bool local_addr_of(struct span item, void *to)
{
    return value_read_source(item, to);
}

static bool address_map_of(struct span item, void *to)
{
    return value_read_address_map(item, to);
}

static bool port_map_of(struct span item, void *to)
{
    return value_read_port_map(item, to);
}

bool option_read_input(struct options *o, const struct option_row *row, const char *text,
                       struct buf *why)
{
    struct scan_params *p = &o->params;
    (void)row;
    if (text[0] == '\0') {
        buf_put_text(why, "has an empty value");
        return false;
    }
    if (option_is_full(p->input_count, INPUT_LISTS_MAX, why)) {
        return false;
    }
    o->input_paths[p->input_count++] = text;
    return true;
}

bool option_read_name_servers(struct options *o, const struct option_row *row, const char *text,
                              struct buf *why)
{
    const struct item_list list = {
        o->name_servers,
        sizeof(o->name_servers[0]),
        &o->params.name_server_count,
        NAME_SERVERS_MAX,
        name_server_of,
        "is not an address such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53"};
    (void)row;
    return read_items(text, &list, why);
}

bool option_read_local_addrs(struct options *o, const struct option_row *row, const char *text,
                             struct buf *why)
{
    const struct item_list list = {o->local_addrs,
                                   sizeof(o->local_addrs[0]),
                                   &o->params.local_addr_count,
                                   LOCAL_ADDRS_MAX,
                                   local_addr_of,
                                   "is not an IPv4 or IPv6 address that connections can come from"};
    (void)row;
    return read_items(text, &list, why);
}

bool option_read_address_maps(struct options *o, const struct option_row *row, const char *text,
                              struct buf *why)
{
    const struct item_list list = {
        o->address_maps,
        sizeof(o->address_maps[0]),
        &o->params.address_map_count,
        ADDRESS_MAPS_MAX,
        address_map_of,
        "is not a mapping such as 198.51.0.0/16=127.5.0.0/16 or "
        "2001:db8::/112=127.6.0.0/16:2525 (TO at least as large as FROM)"};
    (void)row;
    return read_items(text, &list, why);
}

bool option_read_port_maps(struct options *o, const struct option_row *row, const char *text,
                           struct buf *why)
{
    const struct item_list list = {
        o->port_maps, sizeof(o->port_maps[0]),           &o->params.port_map_count, PORT_MAPS_MAX,
        port_map_of,  "is not a mapping such as 25=2525"};
    (void)row;
    return read_items(text, &list, why);
}
