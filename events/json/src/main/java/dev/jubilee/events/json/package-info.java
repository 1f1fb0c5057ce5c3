/** CloudEvents as JSON. */
@NullMarked
package dev.jubilee.events.json;

import org.jspecify.annotations.NullMarked;
