package dev.jubilee.events.tck;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.store.DataKeys;
import dev.jubilee.events.store.DataKeys.WrappedKey;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What keeps people's keys must keep one for each, until it is told to forget it. */
@SuppressWarnings("NullAway.Init") // made anew before each test
public abstract class DataKeysContract {
    private DataKeys keys;

    /** A fixture with no keys. */
    protected abstract EventStoreFixture fixture();

    @BeforeEach
    final void connect() {
        keys = fixture().dataKeys();
    }

    @Test
    void aPersonHasOneKey() {
        assertThat(keys.findOrStore("ann", key("1"))).isEqualTo(key("1"));
        assertThat(keys.findOrStore("ann", key("2"))).isEqualTo(key("1"));
        keys.findOrStore("bob", key("3"));

        assertThat(keys.find(List.of("ann", "bob", "nobody")))
                .isEqualTo(Map.of("ann", key("1"), "bob", key("3")));
        assertThat(keys.find(List.of())).isEmpty();
    }

    @Test
    void aForgottenKeyIsGoneAndAnotherMayFollow() {
        keys.findOrStore("ann", key("1"));
        keys.findOrStore("bob", key("2"));

        assertThat(keys.forget("ann")).isTrue();
        assertThat(keys.forget("ann")).isFalse();
        assertThat(keys.find(List.of("ann", "bob"))).containsOnlyKeys("bob");
        assertThat(keys.findOrStore("ann", key("4"))).isEqualTo(key("4"));
    }

    @Test
    void thoseWhoOfferAKeyAtOnceAgreeOnOne() throws Exception {
        for (int round = 0; round < 20; round++) {
            String person = "p" + round;
            Set<String> chosen = ConcurrentHashMap.newKeySet();
            Threads.together(
                    6, thread -> chosen.add(keys.findOrStore(person, key("k" + thread)).id()));
            assertThat(chosen).hasSize(1);
        }
    }

    private static WrappedKey key(String id) {
        return new WrappedKey(id, new byte[] {1, 2, (byte) id.hashCode()});
    }
}
