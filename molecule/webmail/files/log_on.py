"""Log on to the webmail as a browser does. usage: log_on.py URL ADDRESS PASSWORD; prints the title of the next page,
and whether it lists messages."""

import http.cookiejar
import re
import sys
import urllib.parse
import urllib.request

url, address, password = sys.argv[1:]
opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
form = opener.open(url, timeout=20).read().decode()
token = re.search(r'name="_token" value="([^"]+)"', form)
fields = {
    "_token": token[1] if token else "",
    "_task": "login",
    "_action": "login",
    "_user": address,
    "_pass": password,
}
page = opener.open(url + "?_task=login", urllib.parse.urlencode(fields).encode(), timeout=30).read().decode()
title = re.search(r"<title>([^<]*)</title>", page)
sys.stdout.write(f"{title[1] if title else ''} {'messagelist' in page}\n")
