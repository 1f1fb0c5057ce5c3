/**
 * What every event, transport and store of Jubilee shares: the envelope, identifiers and topic
 * patterns.
 */
@NullMarked
package dev.jubilee.events;

import org.jspecify.annotations.NullMarked;
