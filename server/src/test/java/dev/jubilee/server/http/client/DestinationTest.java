package dev.jubilee.server.http.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DestinationTest {
    @ParameterizedTest
    @CsvSource({
        "http://[::1]:8080/hook, ::1, [::1]",
        "http://127.0.0.1/hook, 127.0.0.1, 127.0.0.1",
        "https://example.com/hook, example.com, example.com"
    })
    void anAddressStandsInBracketsWhereAPortMayFollow(String url, String host, String inUri) {
        Destination destination = Destination.of(url);

        assertThat(destination.host()).isEqualTo(host);
        assertThat(destination.hostInUri()).isEqualTo(inUri);
    }
}
