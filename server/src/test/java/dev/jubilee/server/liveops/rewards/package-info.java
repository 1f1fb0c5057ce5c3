@NullMarked
package dev.jubilee.server.liveops.rewards;

import org.jspecify.annotations.NullMarked;
