var given = JSON.parse(value), request = new HttpRequest();
request.addHeader('Content-Type: application/json');
request.addHeader('Authorization: Bearer ' + given.jeton);
request.post(given.adresse + '/sms', JSON.stringify({ to: given.numero, text: given.texte }));
if (request.getStatus() !== 204) {
    throw 'SMS gateway: HTTP ' + request.getStatus();
}
return 'OK';
