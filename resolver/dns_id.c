#include "resolver/dns_id.h"

#include <sys/random.h>

uint16_t dns_id_draw(struct dns_ids *ids)
{
    if (ids->left == 0) {
        ssize_t n;
        do {
            n = getrandom(ids->id, sizeof(ids->id), 0);
        } while (n != (ssize_t)sizeof(ids->id));
        ids->left = DNS_IDS_MAX;
    }
    return ids->id[--ids->left];
}
