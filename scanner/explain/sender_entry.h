#pragma once

#include "scanner/analysis/sender_profile.h"
#include "scanner/view/paper.h"

/** What a kind of sender does, in sentences: the fields of its profile on which most outcomes rest. */
void sender_put_entry(struct paper *p, const struct sender_profile *sender);
