package dev.jubilee.events.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lettuce.core.RedisURI;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RedisSettingsTest {
    @Test
    void theEnvironmentsVariablesCount() {
        RedisSettings fromEnvironment =
                RedisSettings.fromEnvironment(
                        Map.of(
                                "REDIS_HOST", "redis.production.com",
                                "REDIS_PORT", "6380",
                                "REDIS_PASSWORD", "a:b@c/d e",
                                "REDIS_DB", "3",
                                "EVENT_RETRY_MAX_ATTEMPTS", "5"));
        assertThat(fromEnvironment.address().uri())
                .isEqualTo("redis://:a%3Ab%40c%2Fd%20e@redis.production.com:6380/3");
        assertThat(
                        RedisURI.create(fromEnvironment.address().uri())
                                .getCredentialsProvider()
                                .resolveCredentials()
                                .blockOptional())
                .hasValueSatisfying(read ->
                        assertThat(read.getPassword()).isEqualTo("a:b@c/d e".toCharArray()));
        assertThat(fromEnvironment.toString())
                .contains("redis.production.com:6380/3")
                .doesNotContain("a%3Ab");
        assertThat(fromEnvironment.bus().retry().maxAttempts()).isEqualTo(5);
        assertThatThrownBy(() -> RedisSettings.fromEnvironment(Map.of("REDIS_PORT", "high")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("REDIS_PORT");
    }

    @Test
    void theEventStoreHasVariablesOfItsOwn() {
        Map<String, String> environment =
                Map.of(
                        "REDIS_EVENT_STORE_HOST", "redis.production.com",
                        "REDIS_EVENT_STORE_PORT", "6380",
                        "REDIS_EVENT_STORE_PASSWORD", "strong-password",
                        "REDIS_EVENT_STORE_DB", "4",
                        "REDIS_HOST", "another");

        assertThat(RedisAddress.ofEventStore(environment).uri())
                .isEqualTo("redis://:strong-password@redis.production.com:6380/4");
        assertThat(RedisAddress.ofEventStore(Map.of()).uri()).isEqualTo("redis://localhost:6379/1");
        assertThatThrownBy(() -> RedisAddress.ofEventStore(Map.of("REDIS_EVENT_STORE_DB", "first")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("REDIS_EVENT_STORE_DB");
    }
}
