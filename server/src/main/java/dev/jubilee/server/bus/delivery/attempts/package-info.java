/**
 * What came of deliveries: each try on record, and with it the end of what was owed, and who may
 * read it.
 */
@NullMarked
package dev.jubilee.server.bus.delivery.attempts;

import org.jspecify.annotations.NullMarked;
