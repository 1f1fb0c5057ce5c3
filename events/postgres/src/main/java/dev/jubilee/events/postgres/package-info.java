@NullMarked
package dev.jubilee.events.postgres;

import org.jspecify.annotations.NullMarked;
