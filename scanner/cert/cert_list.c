#include "scanner/cert/cert_list.h"

#include "scanner/base/check.h"

#define LENGTH_LEN 3 /* octets of the length in front of a certificate */

bool cert_list_next(struct span *rest, struct span *der)
{
    if (rest->len < LENGTH_LEN) {
        return false;
    }
    size_t len = (size_t)rest->at[0] << 16 | (size_t)rest->at[1] << 8 | rest->at[2];
    if (len > rest->len - LENGTH_LEN) {
        return false;
    }
    *der = (struct span){rest->at + LENGTH_LEN, len};
    *rest = span_drop(*rest, LENGTH_LEN + len);
    return true;
}

size_t cert_list_count(struct span list)
{
    size_t count = 0;
    struct span der;
    while (cert_list_next(&list, &der)) {
        count++;
    }
    return count;
}

bool cert_list_is_valid(struct span list)
{
    struct span der;
    while (cert_list_next(&list, &der)) {
    }
    return list.len == 0;
}

bool cert_list_add(struct buf *list, struct span der)
{
    CHECK(der.len <= CERT_LIST_ENTRY_MAX);
    uint8_t *to = buf_room(list, LENGTH_LEN + der.len);
    if (to == NULL) {
        return false;
    }
    to[0] = (uint8_t)(der.len >> 16);
    to[1] = (uint8_t)(der.len >> 8);
    to[2] = (uint8_t)der.len;
    if (der.len > 0) {
        memcpy(to + LENGTH_LEN, der.at, der.len);
    }
    list->len += LENGTH_LEN + der.len;
    return true;
}
