#include "scanner/analysis/code_set.h"

#include <string.h>

#include "scanner/analysis/problem_rules.h"

size_t code_set_add(uint16_t items[CODE_SET_MAX], size_t count, uint16_t item)
{
    size_t at = 0;
    while (at < count && code_of_item(items[at]) < code_of_item(item)) {
        at++;
    }
    if (at < count && code_of_item(items[at]) == code_of_item(item)) {
        items[at] = items[at] > item ? items[at] : item;
        return count;
    }
    memmove(&items[at + 1], &items[at], (count - at) * sizeof(*items));
    items[at] = item;
    return count + 1;
}

size_t code_set_add_findings(uint16_t items[CODE_SET_MAX], size_t count, const struct findings *f)
{
    for (size_t i = 0; i < f->count; i++) {
        if (problem_is_one(f->item[i].code, f->item[i].severity)) {
            count = code_set_add(items, count, code_item(f->item[i].code, f->item[i].severity));
        }
    }
    return count;
}

bool code_set_has(struct code_set s, enum finding_code code)
{
    for (size_t i = 0; i < s.count; i++) {
        if (code_of_item(s.items[i]) == code) {
            return true;
        }
    }
    return false;
}
