@NullMarked
package dev.jubilee.server.liveops.occurrences;

import org.jspecify.annotations.NullMarked;
