/** Keeps people's data encrypted, each with a key of their own, so that deleting it erases all. */
@NullMarked
package dev.jubilee.events.shredding;

import org.jspecify.annotations.NullMarked;
